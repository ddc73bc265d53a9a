package translate

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/internal/ir"
)

// cookiePathPattern is what a Path attribute may have (RFC 6265): no control character, no semicolon.
var cookiePathPattern = regexp.MustCompile(`^/[\x20-\x3a\x3c-\x7e]*$`)

// session reads how clients of the rule are known again (GEP-1619).
func (r *ruleContext) session() *config.Session {
	spec := r.rule.session
	if spec == nil {
		return nil
	}
	out := &config.Session{Absolute: r.milliseconds("sessionPersistence.absoluteTimeout", spec.AbsoluteTimeout)}
	switch kind := derefOr(spec.Type, gatewayv1.CookieBasedSessionPersistence); kind {
	case gatewayv1.HeaderBasedSessionPersistence:
		out.Header = true
		if spec.Header == nil {
			r.missing("sessionPersistence", "header.name")
			return out
		}
		out.Name = string(spec.Header.Name)
		r.headerName("sessionPersistence.header.name", out.Name)
	case gatewayv1.CookieBasedSessionPersistence:
		r.cookie(out, spec.Cookie)
	default:
		r.brokenf(ir.UnsupportedValue, "sessionPersistence.type: %q is not Cookie or Header", kind)
	}
	return out
}

func (r *ruleContext) cookie(out *config.Session, spec *gatewayv1.CookieConfig) {
	if spec == nil {
		spec = &gatewayv1.CookieConfig{}
	}
	out.Name = string(derefOr(spec.Name, ""))
	if out.Name == "" {
		out.Name = r.cookieName()
	}
	if !isToken(out.Name) {
		r.brokenf(ir.UnsupportedValue, "sessionPersistence.cookie.name: %q is not the name of a cookie", out.Name)
	}
	if out.Path = derefOr(spec.Path, ""); out.Path == "/" {
		out.Path = ""
	}
	if out.Path != "" && !cookiePathPattern.MatchString(out.Path) {
		r.brokenf(ir.UnsupportedValue, "sessionPersistence.cookie.path: %q is not a path that a cookie can have", out.Path)
	}
	switch kind := derefOr(spec.LifetimeType, gatewayv1.SessionCookieLifetimeType); kind {
	case gatewayv1.SessionCookieLifetimeType:
	case gatewayv1.PermanentCookieLifetimeType:
		out.Permanent = true
		if out.Absolute == 0 {
			r.brokenf(ir.UnsupportedValue, "sessionPersistence.absoluteTimeout is missing: a cookie of lifetimeType Permanent needs it")
		}
	default:
		r.brokenf(ir.UnsupportedValue, "sessionPersistence.cookie.lifetimeType: %q is not Session or Permanent", kind)
	}
}

// cookieName is a name for the rule's cookie that no other rule has.
func (r *ruleContext) cookieName() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", strings.ToLower(r.key.String()), r.index))
	return "session-" + hex.EncodeToString(sum[:])[:16]
}

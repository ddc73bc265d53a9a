package status

import (
	"strings"
	"unicode/utf8"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
)

// Types of condition, as Gateway API names them.
const (
	typeAccepted     = "Accepted"
	typeProgrammed   = "Programmed"
	typeResolvedRefs = "ResolvedRefs"
	typeConflicted   = "Conflicted"
	typeVersion      = "SupportedVersion"
	typeOverlapping  = "OverlappingTLSConfig"
	typeInsecure     = "InsecureFrontendValidationMode"
)

// outcome is a row of the table of good conditions: the type, its reason, and what to say.
type outcome struct {
	kind    string
	reason  string
	message string
}

// The table of what is said when nothing is wrong. The table of faults is in package ir.
var (
	classAccepted      = outcome{typeAccepted, "Accepted", "The parameters are valid."}
	parametersAccepted = outcome{typeAccepted, "Accepted", "The spec is valid."}
	versionSupported   = outcome{typeVersion, "SupportedVersion", "The installed Gateway API is of a supported version."}
	versionUnsupported = outcome{
		typeVersion, "UnsupportedVersion",
		"The installed Gateway API is not of a version from v1.4 to v1.7: install one of these; until then we do what we can.",
	}
	versionUnknown     = outcome{typeVersion, "Unknown", "The version of the installed Gateway API could not be told."}
	gatewayAccepted    = outcome{typeAccepted, "Accepted", "The Gateway is valid."}
	gatewayProgrammed  = outcome{typeProgrammed, "Programmed", "The front is active, and proxies in every member have this generation."}
	membersReachable   = outcome{ir.MembersType, "AllReachable", "Every member can be asked."}
	listenerAccepted   = outcome{typeAccepted, "Accepted", "The listener is valid."}
	listenerResolved   = outcome{typeResolvedRefs, "ResolvedRefs", "All references are resolved."}
	listenerDistinct   = outcome{typeConflicted, "NoConflicts", "No other listener conflicts."}
	listenerProgrammed = outcome{typeProgrammed, "Programmed", "The listener serves."}
	setAccepted        = outcome{typeAccepted, "Accepted", "The ListenerSet is valid."}
	setProgrammed      = outcome{typeProgrammed, "Programmed", "The ListenerSet serves."}
	setOrphaned        = outcome{
		typeAccepted, "ParentNotAccepted",
		"The Gateway that parentRef names does not exist, or is of no class of ours: create it, or correct parentRef.",
	}
	insecureValidation = outcome{
		typeInsecure, "ConfigurationChanged",
		"Clients without a valid certificate get in where spec.tls.frontend has mode AllowInsecureFallback: backends have to check them.",
	}
	refsResolved   = outcome{typeResolvedRefs, "ResolvedRefs", "All references are resolved."}
	policyAccepted = outcome{typeAccepted, "Accepted", "The policy is in force."}
	routeAccepted  = outcome{typeAccepted, "Accepted", "The route is attached."}
)

// is makes a condition of this outcome.
func (o outcome) is(status metav1.ConditionStatus, generation int64) metav1.Condition {
	return condition(o.kind, status, o.reason, o.message, generation)
}

// because makes a condition of this outcome's type with another reason.
func (o outcome) because(status metav1.ConditionStatus, reason, message string, generation int64) metav1.Condition {
	return condition(o.kind, status, reason, message, generation)
}

// maxMessage is what the API takes.
const maxMessage = 32768

func condition(kind string, status metav1.ConditionStatus, reason, message string, generation int64) metav1.Condition {
	if len(message) > maxMessage {
		cut := maxMessage - len("…")
		for !utf8.RuneStart(message[cut]) {
			cut--
		}
		message = message[:cut] + "…"
	}
	return metav1.Condition{Type: kind, Status: status, Reason: reason, Message: message, ObservedGeneration: generation}
}

// of are the Problems of one type of condition: the first one's reason, and all their messages.
func of(problems []ir.Problem, kind string) (reason, message string, found bool) {
	var messages []string
	for _, problem := range problems {
		if problem.Type != kind {
			continue
		}
		if !found {
			reason, found = problem.Reason, true
		}
		messages = append(messages, problem.Message)
	}
	return reason, strings.Join(messages, "; "), found
}

// unless is the outcome with status True, or the Problems of its type with status False.
func (o outcome) unless(problems []ir.Problem, generation int64) metav1.Condition {
	if reason, message, found := of(problems, o.kind); found {
		return o.because(metav1.ConditionFalse, reason, message, generation)
	}
	return o.is(metav1.ConditionTrue, generation)
}

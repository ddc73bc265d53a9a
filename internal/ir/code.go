package ir

import "fmt"

// AdviceType is the condition that tells a user of input that is valid, yet surely not meant so. It never
// makes anything invalid.
const AdviceType = "gateway.company.com/Advice"

// MembersType is the condition of a Gateway that says whether all its members can be asked.
const MembersType = "gateway.company.com/MembersReachable"

// Code is a row of the table of faults: the condition that a fault belongs to, and its reason there.
type Code struct {
	Type   string
	Reason string
}

// The table of faults. Types and reasons are those of Gateway API where it has them.
var (
	InvalidParameters    = Code{"Accepted", "InvalidParameters"}
	ClassNotAccepted     = Code{"Accepted", "Invalid"}
	UnsupportedAddress   = Code{"Accepted", "UnsupportedAddress"}
	ListenersNotValid    = Code{"Accepted", "ListenersNotValid"}
	UnsupportedProtocol  = Code{"Accepted", "UnsupportedProtocol"}
	UnsupportedValue     = Code{"Accepted", "UnsupportedValue"}
	PortUnavailable      = Code{"Accepted", "PortUnavailable"}
	NoValidCACertificate = Code{"Accepted", "NoValidCACertificate"}
	NotAllowed           = Code{"Accepted", "NotAllowed"}
	ParentNotAccepted    = Code{"Accepted", "ParentNotAccepted"}
	TooManyListeners     = Code{"Accepted", "TooManyListeners"}

	HostnameConflict = Code{"Conflicted", "HostnameConflict"}
	ProtocolConflict = Code{"Conflicted", "ProtocolConflict"}

	InvalidCertificateRef    = Code{"ResolvedRefs", "InvalidCertificateRef"}
	InvalidRouteKinds        = Code{"ResolvedRefs", "InvalidRouteKinds"}
	InvalidCACertificateRef  = Code{"ResolvedRefs", "InvalidCACertificateRef"}
	InvalidCACertificateKind = Code{"ResolvedRefs", "InvalidCACertificateKind"}
	PolicyConflicted         = Code{"Accepted", "Conflicted"}
	PolicyInvalid            = Code{"Accepted", "Invalid"}
	TargetNotFound           = Code{"Accepted", "TargetNotFound"}

	InvalidClientCertificate = Code{"ResolvedRefs", "InvalidClientCertificateRef"}
	RefNotPermitted          = Code{"ResolvedRefs", "RefNotPermitted"}
	InvalidKind              = Code{"ResolvedRefs", "InvalidKind"}
	BackendNotFound          = Code{"ResolvedRefs", "BackendNotFound"}
	UnsupportedBackend       = Code{"ResolvedRefs", "UnsupportedValue"}
	BackendProtocol          = Code{"ResolvedRefs", "UnsupportedProtocol"}

	NoMatchingParent           = Code{"Accepted", "NoMatchingParent"}
	NotAllowedByListeners      = Code{"Accepted", "NotAllowedByListeners"}
	NoMatchingListenerHostname = Code{"Accepted", "NoMatchingListenerHostname"}
	IncompatibleFilters        = Code{"Accepted", "IncompatibleFilters"}

	PartiallyInvalid = Code{"PartiallyInvalid", "UnsupportedValue"}

	LooksLikeRegularExpression = Code{AdviceType, "LooksLikeRegularExpression"}
	HostnameIgnored            = Code{AdviceType, "HostnameIgnored"}
	TargetIgnored              = Code{AdviceType, "TargetNotFound"}
	FieldIgnored               = Code{AdviceType, "FieldIgnored"}
)

// Problem makes a Problem of this code on an object.
func (c Code) Problem(object Object, format string, args ...any) Problem {
	return Problem{Object: object, Parent: -1, Type: c.Type, Reason: c.Reason, Message: fmt.Sprintf(format, args...)}
}

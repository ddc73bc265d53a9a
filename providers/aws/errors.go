package aws

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/smithy-go"

	"github.com/fleetgate/fleetgate/providers"
)

// throttleAfter is how long to stay away from an API that throttles us.
const throttleAfter = 10 * time.Second

// Codes of errors, by what they mean for us. Codes, never texts: texts change.
var (
	throttledCodes = []string{
		"Throttling", "ThrottlingException", "RequestLimitExceeded", "RequestThrottled", "RequestThrottledException",
		"TooManyRequestsException", "SlowDown", "PriorRequestNotComplete", "BandwidthLimitExceeded", "EC2ThrottledException",
	}
	deniedCodes     = []string{"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "UnauthorizedAccess", "NotAuthorized"}
	credentialCodes = []string{
		"AuthFailure", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature", "InvalidAccessKeyId",
		"InvalidClientTokenId", "MissingAuthenticationToken", "SignatureDoesNotMatch", "UnrecognizedClientException",
		"OptInRequired", "RequestExpired",
	}
	notFoundCodes = []string{
		"LoadBalancerNotFound", "ListenerNotFound", "TargetGroupNotFound", "InvalidGroup.NotFound",
		"InvalidSecurityGroupRuleId.NotFound", "InvalidPermission.NotFound", "ResourceNotFoundException",
		"WAFNonexistentItemException",
	}
)

// pendingCodes go away by themselves.
var pendingCodes = map[string]string{
	"DependencyViolation":           "what uses the security group to let go of it, such as the network interfaces of a load balancer that was deleted (minutes)",
	"InvalidGroup.InUse":            "what uses the security group to let go of it",
	"ResourceInUse":                 "the load balancer to let go of it",
	"ResourceInUseException":        "the load balancer to let go of the certificate",
	"WAFAssociatedItemException":    "AWS WAF to let go of the load balancer",
	"WAFUnavailableEntityException": "AWS WAF to spread the new web ACL (up to a few minutes)",
	"WAFOptimisticLockException":    "another change of the web ACL",
	"RequestInProgressException":    "an earlier request for the certificate",
	"ConflictException":             "another change of the certificate",
}

// quotaCodes name the quota to raise.
var quotaCodes = map[string]string{
	"TooManyLoadBalancers":                     "Application Load Balancers per Region (Elastic Load Balancing)",
	"TooManyTargetGroups":                      "Target Groups per Region, or five target groups an action (Elastic Load Balancing)",
	"TooManyListeners":                         "Listeners per Application Load Balancer (Elastic Load Balancing)",
	"TooManyCertificates":                      "Certificates per Application Load Balancer (Elastic Load Balancing)",
	"TooManyTargets":                           "Targets per Target Group, or per Application Load Balancer (Elastic Load Balancing)",
	"TooManyUniqueTargetGroupsPerLoadBalancer": "Target Groups per Application Load Balancer (Elastic Load Balancing, fixed)",
	"TooManyRegistrationsForTargetId":          "registrations of one target (Elastic Load Balancing, fixed)",
	"TooManyTags":                              "50 tags a resource (fixed)",
	"TooManyTagsException":                     "50 tags a certificate (fixed)",
	"SecurityGroupLimitExceeded":               "VPC security groups per Region (Amazon VPC)",
	"RulesPerSecurityGroupLimitExceeded":       "Inbound or outbound rules per security group (Amazon VPC)",
	"SecurityGroupsPerInterfaceLimitExceeded":  "Security groups per network interface (Amazon VPC)",
	"SecurityGroupsPerInstanceLimitExceeded":   "Security groups per network interface (Amazon VPC)",
	"LimitExceededException":                   "ACM certificates, or imports a year (AWS Certificate Manager)",
	"ServiceQuotaExceededException":            "ACM certificates (AWS Certificate Manager)",
	"WAFLimitsExceededException":               "web ACLs per Region, their capacity, or load balancers per web ACL (AWS WAF)",
	"InsufficientFreeAddressesInSubnet":        "free addresses in the load balancer's subnets (at least eight each)",
}

// refusedCodes say that what the user declared cannot be.
var refusedCodes = []string{
	"ValidationError", "ValidationException", "InvalidConfigurationRequest", "InvalidSecurityGroup", "InvalidSubnet",
	"SubnetNotFound", "SSLPolicyNotFound", "CertificateNotFound", "UnsupportedCertificate", "InvalidScheme", "InvalidTarget",
	"InvalidParameterValue", "InvalidParameterException", "WAFInvalidParameterException", "WAFInvalidOperationException",
	"WAFSubscriptionNotFoundException", "AvailabilityZoneNotSupported", "InvalidLoadBalancerAction", "InvalidTagException",
	"TagPolicyException", "TargetGroupAssociationLimit", "UnsupportedProtocol",
}

// services are IAM's names of the SDK's services.
var services = map[string]string{
	"Elastic Load Balancing v2": "elasticloadbalancing", "EC2": "ec2", "ACM": "acm", "WAFV2": "wafv2",
}

// code is AWS's code of an error, or "".
func code(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	return ""
}

func hasCode(err error, codes ...string) bool { return slices.Contains(codes, code(err)) }

// gone tells that what was to be read or deleted does not exist.
func gone(err error) bool { return hasCode(err, notFoundCodes...) }

// explain gives an error of the SDK its kind and a message from which a user can mend it.
func explain(err error) error {
	c := code(err)
	action := actionOf(err)
	switch {
	case err == nil, isExplained(err), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case slices.Contains(throttledCodes, c):
		return providers.Throttled(throttleAfter, err)
	case pendingCodes[c] != "":
		return providers.Pending(pendingCodes[c], err)
	case slices.Contains(deniedCodes, c):
		return providers.Terminal(fmt.Sprintf("AWS denies %s to the operator: allow it in the IAM policy of the "+
			"operator's role (providers/aws/iam-policy.json has all that it needs)", action), err)
	case slices.Contains(credentialCodes, c):
		return providers.Terminal("AWS does not accept the operator's credentials: check its role (IRSA, Pod Identity) "+
			"or the AWS_… environment variables, and whether the region is enabled in the account", err)
	case quotaCodes[c] != "":
		return providers.Terminal(fmt.Sprintf("an AWS quota is reached at %s: %s; free some, or ask for more in Service Quotas", action, quotaCodes[c]), err)
	case slices.Contains(refusedCodes, c):
		return providers.Terminal(fmt.Sprintf("AWS refuses %s: correct the ALBConfig", action), err)
	default:
		return err
	}
}

// actionOf is the call that failed as IAM names it.
func actionOf(err error) string {
	e, ok := errors.AsType[*smithy.OperationError](err)
	if !ok {
		return "a call"
	}
	service := services[e.ServiceID]
	if service == "" {
		service = e.ServiceID
	}
	return service + ":" + e.OperationName
}

func isExplained(err error) bool {
	_, terminal := providers.AsTerminal(err)
	_, throttled := providers.AsThrottled(err)
	_, pending := providers.AsPending(err)
	return terminal || throttled || pending
}

// noCredentials explains that the default chain found none.
// https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
func noCredentials(err error) error {
	return providers.Terminal("the operator has no AWS credentials: give its ServiceAccount a role "+
		"(IRSA or Pod Identity), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", err)
}

// foreign says that a name of ours is taken by something that is not ours.
func foreign(what, ref string) error {
	return providers.Terminal(fmt.Sprintf("%s %s has the name that ours would have but not "+
		"our tags, so it is left alone: rename or delete it", what, ref), nil)
}

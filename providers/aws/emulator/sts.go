package emulator

import (
	"strings"
	"time"
)

// stsService tells callers who they are and lets them become somebody else.
// https://docs.aws.amazon.com/STS/latest/APIReference/
func stsService() service {
	return service{
		protocol: awsQuery, namespace: "https://sts.amazonaws.com/doc/2011-06-15/", throttled: "Throttling",
		operations: map[string]operation{
			"GetCallerIdentity": op(getCallerIdentity),
			"AssumeRole":        op(assumeRole),
		},
	}
}

type callerIdentityOutput struct {
	Arn     string
	UserId  string
	Account string
}

func getCallerIdentity(c *call, _ *struct{}) (*callerIdentityOutput, error) {
	arn := "arn:aws:iam::" + c.account + ":user/" + c.principal
	if as, ok := c.server.state.Sessions[c.principal]; ok {
		arn = as.ARN
	}
	return &callerIdentityOutput{Arn: arn, UserId: c.principal, Account: c.account}, nil
}

type assumeRoleInput struct {
	RoleArn         string
	RoleSessionName string
	ExternalId      *string
	DurationSeconds int
}

type assumeRoleOutput struct {
	Credentials     credentialsXML
	AssumedRoleUser struct{ Arn, AssumedRoleId string }
}

type credentialsXML struct {
	AccessKeyId     string
	SecretAccessKey string
	SessionToken    string
	Expiration      string
}

// assumeRole gives credentials of the role's account, so that one emulator holds many accounts.
// An ExternalId that is there must not be empty, and a chained session lasts an hour at most.
func assumeRole(c *call, in *assumeRoleInput) (*assumeRoleOutput, error) {
	parts := strings.SplitN(in.RoleArn, ":", 6)
	if len(parts) != 6 || !strings.HasPrefix(parts[5], "role/") || parts[4] == "" {
		return nil, fail("ValidationError", "%s is invalid", in.RoleArn)
	}
	if len(in.RoleSessionName) < 2 {
		return nil, fail("ValidationError", "the role session name must have at least 2 characters")
	}
	if in.ExternalId != nil && len(*in.ExternalId) < 2 {
		return nil, fail("ValidationError",
			"Value '%s' at 'externalId' failed to satisfy constraint: Member must have length greater than or equal to 2", *in.ExternalId)
	}
	seconds := in.DurationSeconds
	if seconds == 0 {
		seconds = 3600
	}
	if _, chained := c.server.state.Sessions[c.principal]; chained && seconds > 3600 {
		return nil, fail("ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
	}
	role := strings.TrimPrefix(parts[5], "role/")
	arn := "arn:aws:sts::" + parts[4] + ":assumed-role/" + role + "/" + in.RoleSessionName
	key := "ASIA" + strings.ToUpper(randomHex(16))
	c.server.state.Sessions[key] = session{Account: parts[4], ARN: arn}
	out := &assumeRoleOutput{Credentials: credentialsXML{
		AccessKeyId: key, SecretAccessKey: randomHex(40), SessionToken: randomHex(64),
		Expiration: timestamp(c.now.Add(time.Duration(seconds) * time.Second)),
	}}
	out.AssumedRoleUser.Arn = arn
	out.AssumedRoleUser.AssumedRoleId = "AROA" + randomHex(16) + ":" + in.RoleSessionName
	return out, nil
}

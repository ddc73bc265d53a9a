package emulator

import (
	"regexp"
	"slices"
	"strings"
)

func (r *region) defaultGroup() *securityGroup {
	for _, g := range r.Groups {
		if g.Name == "default" {
			return g
		}
	}
	return nil // never: it cannot be deleted
}

func (r *region) group(id string) (*securityGroup, error) {
	if g := r.Groups[id]; g != nil {
		return g, nil
	}
	if !groupID.MatchString(id) {
		return nil, fail("InvalidGroupId.Malformed", "Invalid id: \"%s\" (expecting \"sg-...\")", id)
	}
	return nil, fail("InvalidGroup.NotFound", "The security group '%s' does not exist", id)
}

var groupID = regexp.MustCompile(`^sg-[0-9a-f]+$`)

type createGroupInput struct {
	GroupName   string
	Description string `q:"GroupDescription"`
	VpcId       string
	Tags        []tagSpecification `q:"TagSpecification"`
}

type createGroupOutput struct {
	ID   string   `xml:"groupId"`
	ARN  string   `xml:"securityGroupArn"`
	Tags []ec2Tag `xml:"tagSet>item"`
}

// groupName is what EC2 allows in names and descriptions of groups.
var groupName = regexp.MustCompile(`^[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}$`)

// createSecurityGroup is not idempotent: a name that is taken is InvalidGroup.Duplicate, whatever the settings.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
func createSecurityGroup(c *call, in *createGroupInput) (*createGroupOutput, error) {
	switch {
	case !groupName.MatchString(in.GroupName) || strings.HasPrefix(in.GroupName, "sg-"):
		return nil, fail("InvalidParameterValue", "Value (%s) for parameter GroupName is invalid.", in.GroupName)
	case in.Description == "":
		return nil, fail("MissingParameter", "The request must contain the parameter GroupDescription")
	case !groupName.MatchString(in.Description):
		return nil, fail("InvalidParameterValue", "Value (%s) for parameter GroupDescription is invalid.", in.Description)
	case in.VpcId != "" && in.VpcId != c.r.VPC.ID:
		return nil, fail("InvalidVpcID.NotFound", "The vpc ID '%s' does not exist", in.VpcId)
	}
	tags, err := tagsFor("security-group", in.Tags)
	if err != nil {
		return nil, err
	}
	for _, g := range c.r.Groups {
		if g.Name == in.GroupName {
			return nil, fail("InvalidGroup.Duplicate", "The security group '%s' already exists for VPC '%s'", in.GroupName, c.r.VPC.ID)
		}
	}
	if len(c.r.Groups) >= c.server.opts.quota(QuotaSecurityGroups) {
		return nil, fail("SecurityGroupLimitExceeded", "The maximum number of security groups has been reached.")
	}
	g := c.r.newGroup(newID("sg"), in.GroupName, in.Description)
	g.Tags = tags
	return &createGroupOutput{ID: g.ID, ARN: c.r.arn("ec2", "security-group/"+g.ID), Tags: ec2TagList(tags)}, nil
}

type deleteGroupInput struct {
	GroupId   string
	GroupName string
}

type deleteGroupOutput struct {
	Return bool   `xml:"return"`
	ID     string `xml:"groupId"`
}

// deleteSecurityGroup fails while an interface has the group, a deleted load balancer's lingering one included,
// and while a rule of another group names it.
func deleteSecurityGroup(c *call, in *deleteGroupInput) (*deleteGroupOutput, error) {
	g, err := c.r.group(in.GroupId)
	if err != nil {
		return nil, err
	}
	if g.Name == "default" {
		return nil, fail("CannotDelete", "the specified group: \"%s\" name: \"default\" cannot be deleted by a user", g.ID)
	}
	for _, eni := range c.r.interfaces() {
		if slices.Contains(eni.Groups, g.ID) {
			return nil, fail("DependencyViolation", "resource %s has a dependent object", g.ID)
		}
	}
	for _, other := range c.r.Groups {
		for _, rule := range other.Rules {
			if other != g && rule.PeerGroup == g.ID {
				return nil, fail("DependencyViolation", "resource %s has a dependent object", g.ID)
			}
		}
	}
	delete(c.r.Groups, g.ID)
	return &deleteGroupOutput{true, g.ID}, nil
}

type groupsInput struct {
	GroupIds   []string `q:"GroupId"`
	GroupNames []string `q:"GroupName"`
	Filters    []filter `q:"Filter"`
	MaxResults int
	NextToken  string
}

type groupsOutput struct {
	Groups    []securityGroupXML `xml:"securityGroupInfo>item"`
	NextToken string             `xml:"nextToken,omitempty"`
}

type securityGroupXML struct {
	ID          string          `xml:"groupId"`
	ARN         string          `xml:"securityGroupArn"`
	Name        string          `xml:"groupName"`
	Description string          `xml:"groupDescription"`
	VPC         string          `xml:"vpcId"`
	OwnerID     string          `xml:"ownerId"`
	Ingress     []permissionXML `xml:"ipPermissions>item"`
	Egress      []permissionXML `xml:"ipPermissionsEgress>item"`
	Tags        []ec2Tag        `xml:"tagSet>item"`
}

func describeSecurityGroups(c *call, in *groupsInput) (*groupsOutput, error) {
	for _, id := range in.GroupIds {
		if _, err := c.r.group(id); err != nil {
			return nil, err
		}
	}
	about := func(g *securityGroup) facts {
		return facts{
			"group-id": {g.ID}, "group-name": {g.Name}, "vpc-id": {g.VPC}, "description": {g.Description}, "owner-id": {c.account},
		}.tagged(g.Tags)
	}
	filters := in.Filters
	if len(in.GroupNames) > 0 {
		filters = append(filters, filter{"group-name", in.GroupNames})
	}
	found, err := selected(ordered(c.r.Groups), about, idFilter{"group-id", in.GroupIds, "InvalidGroup.NotFound"}, filters)
	if err != nil {
		return nil, err
	}
	p, err := paginate(c, found, func(g *securityGroup) string { return g.ID }, in.NextToken, pageSize(in.MaxResults, 1000))
	if err != nil {
		return nil, err
	}
	out := &groupsOutput{NextToken: p.marker}
	for _, g := range p.items {
		out.Groups = append(out.Groups, securityGroupXML{
			ID: g.ID, ARN: c.r.arn("ec2", "security-group/"+g.ID), Name: g.Name, Description: g.Description, VPC: g.VPC, OwnerID: c.account,
			Ingress: g.permissions(c.account, false), Egress: g.permissions(c.account, true), Tags: ec2TagList(g.Tags),
		})
	}
	return out, nil
}

package emulator

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// ec2Service is the EC2 API, as far as networks and security groups go.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/
func ec2Service() service {
	return service{
		protocol: ec2Query, namespace: "http://ec2.amazonaws.com/doc/2016-11-15/", throttled: "RequestLimitExceeded",
		operations: map[string]operation{
			"DescribeVpcs":                  op(describeVPCs),
			"DescribeSubnets":               op(describeSubnets),
			"DescribeAvailabilityZones":     op(describeZones),
			"DescribeNetworkInterfaces":     op(describeInterfaces),
			"DescribeSecurityGroups":        op(describeSecurityGroups),
			"CreateSecurityGroup":           op(createSecurityGroup),
			"DeleteSecurityGroup":           op(deleteSecurityGroup),
			"DescribeSecurityGroupRules":    op(describeSecurityGroupRules),
			"AuthorizeSecurityGroupIngress": op(authorizeIngress),
			"RevokeSecurityGroupIngress":    op(revokeIngress),
			"CreateTags":                    op(createEC2Tags),
			"DeleteTags":                    op(deleteEC2Tags),
		},
	}
}

type filter struct {
	Name   string
	Values []string `q:"Value"`
}

// facts are what filters can ask about one resource.
type facts map[string][]string

// tagged adds the tags to the facts: tag:<key> and tag-key.
func (f facts) tagged(tags map[string]string) facts {
	for k, v := range tags {
		f["tag:"+k] = []string{v}
		f["tag-key"] = append(f["tag-key"], k)
	}
	return f
}

// pass tells whether the facts match every filter: values are alternatives, with * and ? as wildcards.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html
func (f facts) pass(filters []filter) (bool, error) {
	for _, want := range filters {
		have, known := f[want.Name]
		if !known && !strings.HasPrefix(want.Name, "tag:") && want.Name != "tag-key" {
			return false, fail("InvalidParameterValue", "The filter '%s' is invalid", want.Name)
		}
		if !slices.ContainsFunc(want.Values, func(pattern string) bool { return matchesAny(pattern, have) }) {
			return false, nil
		}
	}
	return true, nil
}

func matchesAny(pattern string, have []string) bool {
	quoted := regexp.QuoteMeta(pattern)
	quoted = strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(quoted)
	return slices.ContainsFunc(have, regexp.MustCompile("(?s)^"+quoted+"$").MatchString)
}

// selected are the things that match ids, if any are given, and the filters.
func selected[T any](all []T, about func(T) facts, ids idFilter, filters []filter) ([]T, error) {
	if len(ids.want) > 0 {
		filters = append(filters, filter{ids.name, ids.want})
	}
	var out []T
	for _, one := range all {
		ok, err := about(one).pass(filters)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, one)
		}
	}
	if len(out) < len(ids.want) && len(filters) == 1 {
		have := map[string]bool{}
		for _, one := range out {
			have[about(one)[ids.name][0]] = true
		}
		for _, id := range ids.want {
			if !have[id] {
				return nil, fail(ids.absent, "The ID '%s' does not exist", id)
			}
		}
	}
	return out, nil
}

// idFilter is the list of ids that most Describe calls take, and the code for one that is not there.
type idFilter struct {
	name   string
	want   []string
	absent string
}

type ec2Tag struct {
	Key   string `xml:"key"`
	Value string `xml:"value"`
}

func ec2TagList(tags map[string]string) []ec2Tag {
	out := []ec2Tag{}
	for _, t := range tagList(tags) {
		out = append(out, ec2Tag(t))
	}
	return out
}

type tagSpecification struct {
	ResourceType string
	Tags         []tag `q:"Tag"`
}

var ec2TagErrors = tagErrors{duplicate: "InvalidParameterValue", invalid: "InvalidParameterValue", tooMany: "TagLimitExceeded"}

// tagsFor are the tags that a create gives the resource; a specification for another type is the caller's mistake.
func tagsFor(kind string, specs []tagSpecification) (map[string]string, error) {
	out := map[string]string{}
	for _, s := range specs {
		if s.ResourceType != kind {
			return nil, fail("InvalidParameterValue", "'%s' is not a valid taggable resource type for this operation.", s.ResourceType)
		}
		merged, err := ec2TagErrors.merge(out, s.Tags)
		if err != nil {
			return nil, err
		}
		out = merged
	}
	return out, nil
}

type ec2TagsInput struct {
	ResourceIds []string `q:"ResourceId"`
	Tags        []struct {
		Key   string
		Value *string
	} `q:"Tag"`
}

type ec2Return struct {
	Return bool `xml:"return"`
}

// ec2Tags is where the tags of an EC2 resource are.
func (r *region) ec2Tags(id string) (*map[string]string, error) {
	switch prefix, _, _ := strings.Cut(id, "-"); prefix {
	case "vpc":
		if r.VPC.ID == id {
			return &r.VPC.Tags, nil
		}
	case "subnet":
		if sn := r.Subnets[id]; sn != nil {
			return &sn.Tags, nil
		}
	case "sg":
		if g := r.Groups[id]; g != nil {
			return &g.Tags, nil
		}
		return nil, fail("InvalidGroup.NotFound", "The security group ID '%s' does not exist", id)
	case "sgr":
		for _, g := range r.Groups {
			if rule := g.Rules[id]; rule != nil {
				return &rule.Tags, nil
			}
		}
	}
	return nil, fail("InvalidID", "The ID '%s' is not valid", id)
}

// createEC2Tags sets tags on all the resources or, if one of them is not there, on none.
func createEC2Tags(c *call, in *ec2TagsInput) (*ec2Return, error) {
	var tags []tag
	for _, t := range in.Tags {
		one := tag{Key: t.Key}
		set(&one.Value, t.Value)
		tags = append(tags, one)
	}
	found := make([]*map[string]string, len(in.ResourceIds))
	for i, id := range in.ResourceIds {
		var err error
		if found[i], err = c.r.ec2Tags(id); err != nil {
			return nil, err
		}
	}
	for _, at := range found {
		merged, err := ec2TagErrors.merge(*at, tags)
		if err != nil {
			return nil, err
		}
		*at = merged
	}
	return &ec2Return{true}, nil
}

// deleteEC2Tags removes the named tags; with a value, only where the tag has it; without any tag, all.
func deleteEC2Tags(c *call, in *ec2TagsInput) (*ec2Return, error) {
	for _, id := range in.ResourceIds {
		at, err := c.r.ec2Tags(id)
		if err != nil {
			return nil, err
		}
		next := maps.Clone(*at)
		if len(in.Tags) == 0 {
			clear(next)
		}
		for _, t := range in.Tags {
			if t.Value == nil || *t.Value == next[t.Key] {
				delete(next, t.Key)
			}
		}
		*at = next
	}
	return &ec2Return{true}, nil
}

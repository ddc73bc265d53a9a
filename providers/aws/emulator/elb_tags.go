package emulator

import "strings"

type elbTagsInput struct {
	ResourceArns []string
	Tags         []tag
	TagKeys      []string
}

type elbTagsOutput struct {
	TagDescriptions []tagDescription `xml:"TagDescriptions>member"`
}

type tagDescription struct {
	ResourceArn string
	Tags        []tag `xml:"Tags>member"`
}

// elbTags is where the tags of a load balancer, target group or listener are.
func (r *region) elbTags(arn string) (*map[string]string, error) {
	switch {
	case strings.Contains(arn, ":loadbalancer/"):
		lb, err := r.loadBalancer(arn)
		if err != nil {
			return nil, err
		}
		return &lb.Tags, nil
	case strings.Contains(arn, ":targetgroup/"):
		tg, err := r.targetGroup(arn)
		if err != nil {
			return nil, err
		}
		return &tg.Tags, nil
	case strings.Contains(arn, ":listener/"):
		l, err := r.listener(arn)
		if err != nil {
			return nil, err
		}
		return &l.Tags, nil
	}
	return nil, fail("ValidationError", "'%s' is not a valid ARN", arn)
}

// maxTagARNs is how many resources one call names.
const maxTagARNs = 20

func (c *call) eachTagged(arns []string, do func(arn string, tags *map[string]string) error) error {
	if len(arns) == 0 || len(arns) > maxTagARNs {
		return fail("ValidationError", "from 1 to %d resource ARNs can be specified, not %d", maxTagARNs, len(arns))
	}
	for _, arn := range arns {
		tags, err := c.r.elbTags(arn)
		if err != nil {
			return err
		}
		if err := do(arn, tags); err != nil {
			return err
		}
	}
	return nil
}

func addELBTags(c *call, in *elbTagsInput) (*done, error) {
	err := c.eachTagged(in.ResourceArns, func(_ string, tags *map[string]string) error {
		merged, err := elbTagErrors.merge(*tags, in.Tags)
		if err == nil {
			*tags = merged
		}
		return err
	})
	return &done{}, err
}

func removeELBTags(c *call, in *elbTagsInput) (*done, error) {
	err := c.eachTagged(in.ResourceArns, func(_ string, tags *map[string]string) error {
		for _, k := range in.TagKeys {
			delete(*tags, k)
		}
		return nil
	})
	return &done{}, err
}

// describeELBTags fails as a whole if one of the resources is gone.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTags.html
func describeELBTags(c *call, in *elbTagsInput) (*elbTagsOutput, error) {
	out := &elbTagsOutput{}
	err := c.eachTagged(in.ResourceArns, func(arn string, tags *map[string]string) error {
		out.TagDescriptions = append(out.TagDescriptions, tagDescription{arn, tagList(*tags)})
		return nil
	})
	return out, err
}

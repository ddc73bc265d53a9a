package testbed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
)

// fieldManager is whom server-side apply takes us for.
const fieldManager = "fleetgate-testbed"

// definitionKinds are the kinds in files of definitions. They are cluster-scoped and
// built in, so that no discovery is needed.
var definitionKinds = map[string]string{
	"CustomResourceDefinition":         "customresourcedefinitions",
	"ValidatingAdmissionPolicy":        "validatingadmissionpolicies",
	"ValidatingAdmissionPolicyBinding": "validatingadmissionpolicybindings",
}

func (c *Cluster) applyFiles(ctx context.Context, files []string) error {
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := c.applyDefinitions(ctx, string(data)); err != nil {
			return fmt.Errorf("applying %s: %w", file, err)
		}
	}
	return nil
}

// applyDefinitions applies the definitions in a YAML text and waits until the custom
// resources among them are served.
func (c *Cluster) applyDefinitions(ctx context.Context, text string) error {
	objects, err := decode(text)
	if err != nil {
		return err
	}
	client, err := c.dynamicClient()
	if err != nil {
		return err
	}
	for _, object := range objects {
		resource, ok := definitionKinds[object.GetKind()]
		if !ok {
			return fmt.Errorf("%s %s: not a definition", object.GetKind(), object.GetName())
		}
		definitions := client.Resource(object.GroupVersionKind().GroupVersion().WithResource(resource))
		if _, err := definitions.Apply(ctx, object.GetName(), object, applyOptions()); err != nil {
			return err
		}
		if object.GetKind() != "CustomResourceDefinition" {
			continue
		}
		if err := waitEstablished(ctx, definitions, object.GetName()); err != nil {
			return err
		}
	}
	return nil
}

func applyOptions() metav1.ApplyOptions {
	return metav1.ApplyOptions{FieldManager: fieldManager, Force: true}
}

func (c *Cluster) dynamicClient() (dynamic.Interface, error) {
	config, err := c.RESTConfig()
	if err != nil {
		return nil, err
	}
	return dynamic.NewForConfig(config)
}

// decode splits a YAML text into its objects.
func decode(text string) ([]*unstructured.Unstructured, error) {
	const bufferSize = 4096
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(text), bufferSize)
	var objects []*unstructured.Unstructured
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(object)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, err
		}
		if len(object.Object) > 0 {
			objects = append(objects, object)
		}
	}
}

func waitEstablished(ctx context.Context, definitions dynamic.ResourceInterface, name string) error {
	return poll(ctx, name+" to be served", func(ctx context.Context) (bool, error) {
		object, err := definitions.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		conditions, _, err := unstructured.NestedSlice(object.Object, "status", "conditions")
		for _, item := range conditions {
			condition, ok := item.(map[string]any)
			if ok && condition["type"] == "Established" && condition["status"] == "True" {
				return true, nil
			}
		}
		return false, err
	})
}

func resource(group, version, plural string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: group, Version: version, Resource: plural}
}

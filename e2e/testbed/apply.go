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

const customResource = "CustomResourceDefinition"

// definitionKinds are the kinds in files of definitions. They are cluster-scoped and
// built in, so that no discovery is needed.
var definitionKinds = map[string]string{
	customResource:                     "customresourcedefinitions",
	"ValidatingAdmissionPolicy":        "validatingadmissionpolicies",
	"ValidatingAdmissionPolicyBinding": "validatingadmissionpolicybindings",
}

// applyFiles applies the definitions in YAML files: see applyDefinitions.
func (c *Cluster) applyFiles(ctx context.Context, files []string) error {
	var texts []string
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		texts = append(texts, string(data))
	}
	return c.applyDefinitions(ctx, texts...)
}

// applyDefinitions applies the definitions in YAML texts and then waits until the custom
// resources among them are served.
func (c *Cluster) applyDefinitions(ctx context.Context, texts ...string) error {
	client, err := c.dynamicClient()
	if err != nil {
		return err
	}
	definitions := client.Resource(resource("apiextensions.k8s.io", "v1", "customresourcedefinitions"))
	var custom []string
	for _, text := range texts {
		objects, err := decode(text)
		if err != nil {
			return err
		}
		for _, object := range objects {
			if err := applyDefinition(ctx, client, object); err != nil {
				return fmt.Errorf("applying %s %s: %w", object.GetKind(), object.GetName(), err)
			}
			if object.GetKind() == customResource {
				custom = append(custom, object.GetName())
			}
		}
	}
	for _, name := range custom {
		if err := waitEstablished(ctx, definitions, name); err != nil {
			return err
		}
	}
	return nil
}

func applyDefinition(ctx context.Context, client dynamic.Interface, object *unstructured.Unstructured) error {
	plural, ok := definitionKinds[object.GetKind()]
	if !ok {
		return errors.New("not a definition")
	}
	resource := object.GroupVersionKind().GroupVersion().WithResource(plural)
	_, err := client.Resource(resource).Apply(ctx, object.GetName(), object, applyOptions())
	return err
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
		return established(object), nil
	})
}

func established(definition *unstructured.Unstructured) bool {
	status, _ := definition.Object["status"].(map[string]any)
	conditions, _ := status["conditions"].([]any) // null until there is one
	for _, item := range conditions {
		condition, ok := item.(map[string]any)
		if ok && condition["type"] == "Established" && condition["status"] == "True" {
			return true
		}
	}
	return false
}

func resource(group, version, plural string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: group, Version: version, Resource: plural}
}

package proxies

import (
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	proxyUser   int64 = 65532
	stopReserve       = 10 * time.Second
)

func portName(port int32) string { return "p" + strconv.Itoa(int(port)) }

// pods is the Deployment. A rollout adds one pod before it takes one away; a pod that is told to stop waits
// by itself, so there is no preStop hook.
func (d deployment) pods() client.Object {
	none, one, kept := intstr.FromInt32(0), intstr.FromInt32(1), int32(3)
	return &appsv1.Deployment{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"},
		ObjectMeta: d.meta(d.name),
		Spec: appsv1.DeploymentSpec{
			Replicas: &d.settings.Replicas, RevisionHistoryLimit: &kept,
			MinReadySeconds: int32(d.settings.MinReady / time.Second),
			Selector:        &metav1.LabelSelector{MatchLabels: d.selector()},
			Strategy: appsv1.DeploymentStrategy{
				Type:          appsv1.RollingUpdateDeploymentStrategyType,
				RollingUpdate: &appsv1.RollingUpdateDeployment{MaxUnavailable: &none, MaxSurge: &one},
			},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: d.marks(), Annotations: d.notes()},
				Spec:       d.podSpec(),
			},
		},
	}
}

func (d deployment) podSpec() corev1.PodSpec {
	yes, no, user := true, false, proxyUser
	grace := int64((d.settings.DrainWait + d.settings.DrainTimeout + stopReserve) / time.Second)
	spec := corev1.PodSpec{
		ServiceAccountName: d.name, AutomountServiceAccountToken: &yes, EnableServiceLinks: &no,
		TerminationGracePeriodSeconds: &grace,
		SecurityContext: &corev1.PodSecurityContext{
			RunAsNonRoot: &yes, RunAsUser: &user, RunAsGroup: &user,
			SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			Sysctls:        []corev1.Sysctl{{Name: "net.ipv4.ip_unprivileged_port_start", Value: "0"}},
		},
		TopologySpreadConstraints: []corev1.TopologySpreadConstraint{
			d.spread("topology.kubernetes.io/zone"), d.spread("kubernetes.io/hostname"),
		},
		Containers: []corev1.Container{d.container()},
	}
	for _, name := range d.settings.PullSecrets {
		spec.ImagePullSecrets = append(spec.ImagePullSecrets, corev1.LocalObjectReference{Name: name})
	}
	return spec
}

func (d deployment) spread(key string) corev1.TopologySpreadConstraint {
	return corev1.TopologySpreadConstraint{
		MaxSkew: 1, TopologyKey: key, WhenUnsatisfiable: corev1.ScheduleAnyway,
		LabelSelector: &metav1.LabelSelector{MatchLabels: d.selector()},
	}
}

func (d deployment) container() corev1.Container {
	yes, no := true, false
	return corev1.Container{
		Name: "proxy", Image: d.settings.Image, ImagePullPolicy: d.settings.PullPolicy,
		Args: []string{
			"--name=" + d.name,
			"--namespace=" + d.gateway.Namespace,
			"--pod-name=$(POD_NAME)",
			"--admin-addr=:" + strconv.Itoa(int(AdminPort)),
			"--drain-wait=" + d.settings.DrainWait.String(),
			"--drain-timeout=" + d.settings.DrainTimeout.String(),
		},
		Env: []corev1.EnvVar{{
			Name:      "POD_NAME",
			ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.name"}},
		}},
		// Listeners' ports are not listed: they inform nobody, and a new listener would restart all proxies.
		Ports:          []corev1.ContainerPort{{Name: "admin", ContainerPort: AdminPort, Protocol: corev1.ProtocolTCP}},
		Resources:      d.settings.Resources,
		ReadinessProbe: probe("/ready", 2),
		LivenessProbe:  probe("/live", 10),
		SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: &no, ReadOnlyRootFilesystem: &yes, RunAsNonRoot: &yes,
			Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		},
	}
}

func probe(path string, period int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler:  corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: intstr.FromInt32(AdminPort)}},
		PeriodSeconds: period, TimeoutSeconds: 2, FailureThreshold: 3,
	}
}

// Package testbed runs real Kubernetes clusters on one Linux machine as root, without
// Docker: one hub and some members, each with an API server and a node of its own.
//
// # How it works
//
// Control planes are processes of the host: one etcd for all (a key prefix for each
// cluster), and per cluster a kube-apiserver and a kube-controller-manager with only the
// controllers that are needed. The hub has a kube-scheduler; the pods of all members are
// bound by one small program of ours (package binder), since a member has one node.
// Services of type LoadBalancer get addresses from another (package loadbalancer); the host
// and all nodes have routes to them.
//
// A node is a process: "sleep", in a network and a mount namespace of its own, joined by
// containerd, kubelet and kube-proxy. Kill the processes and the kernel takes back the
// interfaces, iptables rules and mounts with them; no name is left in /run/netns. A veth
// pair ties the node to a bridge on the host. API servers listen on the bridge's address,
// so a kubeconfig works on the host and in any pod of any cluster. Routes lead from the
// host and from every node to every cluster's pods, as in one VPC, without any address
// translation; Options.Separate leaves out the ways between clusters.
//
// All state is in Options.Dir. What is made outside of it is entered in its state.json
// before it is made, processes carry a mark, containers live in a cgroup of ours: Down finds
// everything after a crash too, and nothing else. Up takes over a testbed that is whole
// and was made with the same options, and replaces any other.
//
// The program cmd/testbed does the same from a shell. Figures, on two cores with everything
// built: three clusters are up in 15 to 25 s (a minute beside busy builds), take 2.5 GB with a
// few pods (sum of the daemons' resident sizes; 1.0 GB
// counting shared pages once), and are gone in 1 to 4 s.
//
// # What it has not
//
// No DNS in clusters: pods use the environment variables of Services, or addresses. No
// volumes but those of the kubelet.
// No way from pods to the world outside the machine, hence no image registry: build images
// with package image and load them with Cluster.LoadImages.
//
// # With Docker and kind instead
//
// Nothing in the suites depends on this package but the kubeconfigs. With kind: create one
// cluster per name in one Docker network ("kind create cluster --name hub"), "kind load
// image-archive" the same tars, take "kind get kubeconfig --internal" for the Secrets of the
// members, and add routes to the nodes' pod ranges ("ip route add PODCIDR via NODE", with a
// distinct networking.podSubnet for each) on the host and between the nodes.
package testbed

// Package routes names the hosts and paths of route tables of any size.
package routes

import "fmt"

// Host is the name of a host, from 0.
func Host(i int) string { return fmt.Sprintf("host-%06d.bench.example", i) }

// Path is the prefix of a route by path, from 0; it ends without a slash.
func Path(i int) string { return fmt.Sprintf("/path-%06d", i) }

// Command probe is what the testbed's own test runs in pods: it tells who was reached, and
// fetches on request what the pod can reach.
package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"time"
)

// address is a port that needs privileges, unless the pod's sysctl lifts that.
const address = ":80"

func main() {
	http.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "pod %s, client %s", os.Getenv("HOSTNAME"), r.RemoteAddr)
	})
	http.HandleFunc("GET /fetch", fetch)
	server := &http.Server{Addr: address, ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}

// fetch answers with what the URL in the query answers, as seen from this pod.
func fetch(w http.ResponseWriter, r *http.Request) {
	client := &http.Client{
		Timeout: 5 * time.Second,
		Transport: &http.Transport{
			DisableKeepAlives: true,
			TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, // reaching it is what counts
		},
	}
	response, err := client.Get(r.URL.Query().Get("url"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer response.Body.Close()
	w.WriteHeader(response.StatusCode)
	_, _ = io.Copy(w, response.Body)
}

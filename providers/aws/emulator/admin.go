package emulator

import (
	"encoding/json"
	"net/http"
	"strings"
)

const adminPrefix = "/_emulator/"

func isAdmin(req *http.Request) bool { return strings.HasPrefix(req.URL.Path, adminPrefix) }

// adminHandler is the emulator's own API, for tests in another process:
//
//	GET    /_emulator/health           answers once the API does; names listeners whose port was taken
//	GET    /_emulator/resources        everything that calls have made
//	GET    /_emulator/counts           how many of each kind
//	GET    /_emulator/resolve?dns=…    the address behind a load balancer's name, as text
//	GET    /_emulator/calls?action=…   the call log; DELETE forgets it
//	GET    /_emulator/faults           faults not used up; POST adds one; DELETE clears them
//	POST   /_emulator/firewall-manager?region=…&resource=…   associates a web ACL of Firewall Manager's
//	POST   /_emulator/reset            back to the default world
func (s *Server) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+adminPrefix+"health", s.serveHealth)
	mux.HandleFunc("GET "+adminPrefix+"resources", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.Resources()) })
	mux.HandleFunc("GET "+adminPrefix+"counts", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.Count()) })
	mux.HandleFunc("GET "+adminPrefix+"resolve", s.serveResolve)
	mux.HandleFunc("GET "+adminPrefix+"calls", func(w http.ResponseWriter, req *http.Request) {
		writeJSON(w, s.Calls(req.URL.Query()["action"]...))
	})
	mux.HandleFunc("DELETE "+adminPrefix+"calls", func(http.ResponseWriter, *http.Request) { s.calls.clear() })
	mux.HandleFunc("GET "+adminPrefix+"faults", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.faults.pending()) })
	mux.HandleFunc("POST "+adminPrefix+"faults", s.serveInject)
	mux.HandleFunc("DELETE "+adminPrefix+"faults", func(http.ResponseWriter, *http.Request) { s.ClearFaults() })
	mux.HandleFunc("POST "+adminPrefix+"firewall-manager", s.serveFirewallManager)
	mux.HandleFunc("POST "+adminPrefix+"reset", func(http.ResponseWriter, *http.Request) { s.Reset() })
	return mux
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	_ = e.Encode(v) // a client that went away is its own business
}

func (s *Server) serveHealth(w http.ResponseWriter, _ *http.Request) {
	out := struct {
		Status       string            `json:"status"`
		ListenErrors map[string]string `json:"listenErrors,omitempty"`
	}{Status: "ok"}
	if s.plane != nil {
		out.ListenErrors = s.plane.listenErrors()
	}
	writeJSON(w, out)
}

func (s *Server) serveResolve(w http.ResponseWriter, req *http.Request) {
	addr, ok := s.Resolve(req.URL.Query().Get("dns"))
	if !ok {
		http.Error(w, "no active load balancer has this name", http.StatusNotFound)
		return
	}
	_, _ = w.Write([]byte(addr + "\n"))
}

func (s *Server) serveInject(w http.ResponseWriter, req *http.Request) {
	var f Fault
	d := json.NewDecoder(req.Body)
	d.DisallowUnknownFields() // a misspelt field would otherwise be a fault that never happens
	err := d.Decode(&f)
	if err == nil {
		err = s.Inject(f)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusCreated)
}

func (s *Server) serveFirewallManager(w http.ResponseWriter, req *http.Request) {
	q := req.URL.Query()
	arn, err := s.AttachFirewallManagerACL(q.Get("region"), q.Get("resource"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	writeJSON(w, arn)
}

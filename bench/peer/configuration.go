package peer

import (
	"bytes"
	"embed"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

//go:embed *.tmpl
var files embed.FS

var templates = template.Must(template.ParseFS(files, "*.tmpl"))

func (p *plan) writeNginx() error { return p.write("nginx.conf") }

// writeHAProxy writes the configuration and the map of routes, which all lead to one backend.
func (p *plan) writeHAProxy() error {
	keys := p.Hosts
	if len(p.Paths) > 0 {
		keys = make([]string, len(p.Paths))
		for i, path := range p.Paths {
			keys[i] = path + "/"
		}
	}
	routes := strings.Join(keys, " backend\n") + " backend\n"
	if err := os.WriteFile(filepath.Join(p.Dir, "routes.map"), []byte(routes), 0o600); err != nil {
		return err
	}
	return p.write("haproxy.cfg")
}

func (p *plan) write(name string) error {
	text, err := p.render(name)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(p.Dir, name), text, 0o600)
}

func (p *plan) render(name string) ([]byte, error) {
	var text bytes.Buffer
	err := templates.ExecuteTemplate(&text, name+".tmpl", p)
	return text.Bytes(), err
}

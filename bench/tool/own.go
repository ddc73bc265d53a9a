package tool

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/fleetgate/fleetgate/bench/load"
)

// Own is our own load (bench/cmd/load).
type Own struct {
	// Program is the path of the program.
	Program string
	// Load is what it does; addresses, host, path and times come from the target.
	Load load.Options
}

// Command implements Tool.
func (o Own) Command(target Target, duration time.Duration) []string {
	return []string{
		o.Program, "-kind", string(o.Load.Kind), "-address", target.Address.String(), "-host", target.Host, "-path", target.Path,
		"-connections", strconv.Itoa(o.Load.Connections), "-streams", strconv.Itoa(o.Load.Streams), "-body", strconv.Itoa(o.Load.Body),
		"-rate", fmt.Sprint(o.Load.Rate), "-warmup", o.Load.Warmup.String(), "-duration", (duration - o.Load.Warmup).String(),
	}
}

// Parse implements Tool.
func (Own) Parse(output string) (Report, error) {
	var result load.Result
	start := strings.IndexByte(output, '{')
	if start < 0 || json.Unmarshal([]byte(output[start:]), &result) != nil {
		return Report{}, errOutput
	}
	return Report{Done: result.Done, Errors: result.Errors, First: result.First, P50: result.P50, P99: result.P99}, nil
}

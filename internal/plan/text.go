package plan

import (
	"fmt"
	"strings"
)

var signs = map[Op]string{Create: "+", Update: "~", Delete: "-", Wait: "."}

// String is the Plan as `fleetgate plan` prints it: a line a step, then the sum.
func (p Plan) String() string {
	if p.Empty() {
		return "No changes.\n"
	}
	var b strings.Builder
	counts := map[Op]int{}
	for _, s := range p.Steps {
		counts[s.Op]++
		fmt.Fprintln(&b, s)
	}
	fmt.Fprintf(&b, "%d to create, %d to update, %d to delete", counts[Create], counts[Update], counts[Delete])
	if n := counts[Wait]; n > 0 {
		fmt.Fprintf(&b, ", %d to wait for", n)
	}
	b.WriteString(".\n")
	return b.String()
}

// String is the Step as one line.
func (s Step) String() string {
	line := fmt.Sprintf("%s %s %s", signs[s.Op], s.Op, s.ID)
	if len(s.Changes) > 0 {
		line += " (" + strings.Join(s.Changes, ", ") + ")"
	}
	return line
}

package golden

import (
	"testing"

	"github.com/fleetgate/fleetgate/internal/ir"
)

type cloudOptions struct{}

func cloud(t *testing.T, folder string, meant ir.IR) (any, any) { return nil, nil }

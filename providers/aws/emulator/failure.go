package emulator

import (
	"fmt"
	"net/http"
)

// apiError is an error as AWS sends it: told apart by its code.
type apiError struct {
	Code    string
	Message string
	Status  int
}

func (e *apiError) Error() string { return e.Code + ": " + e.Message }

// fail makes an error of the caller's (400), which is what AWS answers for almost everything.
func fail(code, format string, args ...any) *apiError {
	return &apiError{Code: code, Message: fmt.Sprintf(format, args...), Status: http.StatusBadRequest}
}

package http1

// Methods that mean something to the engine; net/http has the same, but is not imported.
const (
	methodConnect = "CONNECT"
	methodHead    = "HEAD"
	methodOptions = "OPTIONS"
	methodPatch   = "PATCH"
	methodPost    = "POST"
	methodPut     = "PUT"
)

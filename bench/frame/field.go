package frame

// Numbers of the static table of HPACK (RFC 7541 appendix A).
const (
	indexAuthority   = 1
	indexPath        = 4
	indexContentType = 31
	methodPost       = 0x83
	schemeHTTP       = 0x86
	status200        = 0x88
)

// GRPCRequest is the field block of a call. It needs no table on either side.
func GRPCRequest(authority, path string) []byte {
	block := []byte{methodPost, schemeHTTP}
	block = appendIndexed(block, indexPath, path)
	block = appendIndexed(block, indexAuthority, authority)
	block = appendIndexed(block, indexContentType, "application/grpc")
	return appendNamed(block, "te", "trailers")
}

// GRPCResponse is the field block that starts the answer to a call.
func GRPCResponse() []byte {
	return appendIndexed([]byte{status200}, indexContentType, "application/grpc")
}

// GRPCTrailers is the field block that ends a call without an error.
func GRPCTrailers() []byte { return appendNamed(nil, "grpc-status", "0") }

// appendIndexed adds a literal field without indexing whose name is in the static table (RFC 7541 section 6.2.2).
func appendIndexed(b []byte, index byte, value string) []byte {
	const prefix = 15 // the greatest number in four bits says that more follows
	if index < prefix {
		b = append(b, index)
	} else {
		b = append(b, prefix, index-prefix)
	}
	return appendString(b, value)
}

func appendNamed(b []byte, name, value string) []byte {
	return appendString(appendString(append(b, 0), name), value)
}

// appendString adds a string of less than 254 bytes without Huffman coding (RFC 7541 section 5.2).
func appendString(b []byte, s string) []byte {
	const prefix = 127
	if len(s) < prefix {
		b = append(b, byte(len(s)))
	} else {
		b = append(b, prefix, byte(len(s)-prefix))
	}
	return append(b, s...)
}

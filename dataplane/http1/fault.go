package http1

// Fault is why a message is refused. Faults are values of the package: to return one allocates nothing.
//
//nolint:errname // "http1.Fault" says what it is
type Fault struct {
	// Status is what a server answers: 400 to 505 for a request, 502 for a response.
	Status int
	// Reason is a word for logs, in snake case.
	Reason string
}

// Error gives the reason.
func (f *Fault) Error() string { return "http1: " + f.Reason }

// flaw is a fault before it is known whose message it is in: the same flaw is the client's fault in a
// request and the backend's in a response.
type flaw uint8

const (
	sound flaw = iota

	// Of a head.
	badHead
	bareCR
	bareLF
	control
	headTooLarge
	targetTooLong

	// Of a start line.
	badRequestLine
	badMethod
	badTarget
	badVersion
	otherVersion
	badStatusLine
	badStatus

	// Of fields.
	badFieldName
	emptyFieldName
	spaceBeforeColon
	underscore
	twin
	obsoleteFold
	tooManyFields
	badHost
	noHost
	manyHosts
	badLength
	manyLengths
	badCoding
	otherCoding
	oldCoding
	codingAndLength
	codingWithoutBody
	badConnection
	badUpgrade
	otherExpectation

	// Of a chunked body.
	badChunkSize
	badChunkEnd
	badChunkExtension
	chunkLineTooLong
	extensionsTooLong
	trailersTooLarge
	tooManyTrailers

	flaws
)

var requestFaults = [flaws]Fault{
	badHead:           {400, "bad_head"},
	bareCR:            {400, "bare_cr"},
	bareLF:            {400, "bare_lf"},
	control:           {400, "control_character"},
	headTooLarge:      {431, "head_too_large"},
	targetTooLong:     {414, "target_too_long"},
	badRequestLine:    {400, "bad_request_line"},
	badMethod:         {405, "bad_method"},
	badTarget:         {400, "bad_target"},
	badVersion:        {400, "bad_version"},
	otherVersion:      {505, "other_version"},
	badStatusLine:     {400, "bad_status_line"},
	badStatus:         {400, "bad_status"},
	badFieldName:      {400, "bad_field_name"},
	emptyFieldName:    {400, "empty_field_name"},
	spaceBeforeColon:  {400, "space_before_colon"},
	underscore:        {400, "underscore"},
	twin:              {400, "twin"},
	obsoleteFold:      {400, "obsolete_fold"},
	tooManyFields:     {431, "too_many_fields"},
	badHost:           {400, "bad_host"},
	noHost:            {400, "no_host"},
	manyHosts:         {400, "many_hosts"},
	badLength:         {400, "bad_content_length"},
	manyLengths:       {400, "many_content_lengths"},
	badCoding:         {400, "bad_transfer_encoding"},
	otherCoding:       {501, "other_transfer_encoding"},
	oldCoding:         {400, "transfer_encoding_in_http10"},
	codingAndLength:   {400, "transfer_encoding_and_content_length"},
	codingWithoutBody: {400, "transfer_encoding_without_body"},
	badConnection:     {400, "bad_connection"},
	badUpgrade:        {400, "bad_upgrade"},
	otherExpectation:  {417, "other_expectation"},
	badChunkSize:      {400, "bad_chunk_size"},
	badChunkEnd:       {400, "bad_chunk_end"},
	badChunkExtension: {400, "bad_chunk_extension"},
	chunkLineTooLong:  {400, "chunk_line_too_long"},
	extensionsTooLong: {400, "chunk_extensions_too_long"},
	trailersTooLarge:  {431, "trailers_too_large"},
	tooManyTrailers:   {431, "too_many_trailers"},
}

var responseFaults = asBackends(requestFaults)

// asBackends gives the same faults as a backend's, all of which are 502 to the client.
func asBackends(faults [flaws]Fault) [flaws]Fault {
	for i := range faults {
		faults[i].Status = 502
	}
	return faults
}

// ofRequest is the flaw as an error of a client, nil when there is none.
func (f flaw) ofRequest() error {
	if f == sound {
		return nil
	}
	return &requestFaults[f]
}

// ofResponse is the flaw as an error of a backend, nil when there is none.
func (f flaw) ofResponse() error {
	if f == sound {
		return nil
	}
	return &responseFaults[f]
}

package proxy

import "strings"

// preflight answers a question of a browser what it may ask (Fetch standard, section 3.3.2), and says whether the
// request was one. It has no credentials, so it comes before whatever looks at those.
func (x *exchange) preflight() bool {
	cors := x.action.cors
	if cors == nil || x.req.Method != "OPTIONS" {
		return false
	}
	from, method := firstValue(x.req.Fields, "Origin"), firstValue(x.req.Fields, "Access-Control-Request-Method")
	if from == "" || method == "" {
		return false
	}
	x.startReply(204)
	x.edit = fields{list: &x.reply.Fields}
	headers, _ := x.view.Header.Value("Access-Control-Request-Headers")
	cors.Preflight(&x.edit, from, method, headers)
	x.record.Reason = ReasonPreflight
	x.sendReply("")
	return true
}

// editCORS tells browsers whether scripts may read the reply.
func (x *exchange) editCORS() {
	if x.action == nil || x.action.cors == nil {
		return
	}
	x.edit = fields{list: &x.reply.Fields}
	x.action.cors.Edit(&x.edit, firstValue(x.req.Fields, "Origin"), x.replyNames)
}

// replyNames are the names of the headers that the reply has by now.
func (x *exchange) replyNames() string {
	var names []string
	for i := range x.reply.Fields {
		if name := x.reply.Fields[i].Name; !strings.EqualFold(name, "Set-Cookie") {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

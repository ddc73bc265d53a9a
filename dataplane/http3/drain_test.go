package http3

import (
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

func TestDrain(t *testing.T) {
	begun, resume := make(chan struct{}), make(chan struct{})
	l := listen(t, ServerOptions{}, func(st *Stream) {
		if st.Request.Target == "/slow" {
			close(begun)
			<-resume
		}
		mirror(st)
	})
	client := oracle(t)
	slow := make(chan error, 1)
	go func() {
		response, err := client.Get(l.url("/slow"))
		if err == nil {
			_, err = io.ReadAll(response.Body)
			_ = response.Body.Close()
		}
		slow <- err
	}()
	<-begun
	l.drain()
	l.drain() // once is enough
	eventually(t, "the client opens another connection", func() bool {
		response, err := client.Get(l.url("/"))
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		l.mu.Lock()
		defer l.mu.Unlock()
		return len(l.servers) > 1
	})
	close(resume)
	if err := <-slow; err != nil {
		t.Errorf("what was under way ends: %v", err)
	}
	if errs := l.ended(t, 1); errs[0] != nil {
		t.Errorf("drained in good order: %v", errs[0])
	}
}

func TestDrainUnderLoad(t *testing.T) {
	l := listen(t, ServerOptions{}, func(st *Stream) {
		time.Sleep(time.Millisecond)
		_ = st.Respond(&message.Response{Status: 200, ContentLength: 10 << 10}, make([]byte, 10<<10), true)
	})
	var done, lost atomic.Int32
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		client := oracle(t)
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := fetch(client, l.url("/")); err != nil {
					t.Log(err)
					lost.Add(1)
				}
				done.Add(1)
			}
		})
	}
	for range 3 {
		before := done.Load()
		eventually(t, "requests", func() bool { return done.Load() > before+20 })
		l.drain()
	}
	eventually(t, "new connections", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return len(l.errs) >= 4
	})
	close(stop)
	wg.Wait()
	if lost.Load() > 0 {
		t.Errorf("%d of %d requests lost", lost.Load(), done.Load())
	}
}

func fetch(client *http.Client, url string) error {
	response, err := client.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return err
}

package proxy

import (
	"bytes"
	"io"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

const (
	// logBlock is how many bytes of lines are written at once.
	logBlock = 64 << 10
	// logBlocks is how many blocks may wait for the writer. What comes when all do is dropped and
	// counted: a disk that is slow costs lines, not requests and not memory.
	logBlocks = 64
	// logDelay is how long a line waits for its block to fill.
	logDelay = 250 * time.Millisecond
)

// accessLog writes a line of JSON for each request. Lines are collected in blocks, one for each
// processor, and written by one goroutine.
type accessLog struct {
	out io.Writer
	// lost is told of lines that were not written.
	lost    func(lines int)
	shards  []logShard
	full    chan logLines
	free    chan []byte
	dropped atomic.Int64
	done    chan struct{}
}

// logLines is a block and how many lines it has.
type logLines struct {
	bytes []byte
	lines int
}

// logShard is a block that is being filled.
type logShard struct {
	log    *accessLog
	mutex  sync.Mutex
	block  logLines
	clock  logClock
	timer  *time.Timer
	closed bool
	_      [64]byte // so that processors do not share a line of cache
}

// newAccessLog makes a log, which must be closed; nil when there is nowhere to write to.
func newAccessLog(out io.Writer, lost func(lines int)) *accessLog {
	if out == nil {
		return nil
	}
	const most = 16
	l := &accessLog{
		out: out, lost: lost, shards: make([]logShard, min(runtime.GOMAXPROCS(0), most)),
		full: make(chan logLines, logBlocks), free: make(chan []byte, most), done: make(chan struct{}),
	}
	for i := range l.shards {
		l.shards[i].log = l
	}
	go l.run()
	return l
}

// write adds the line of a request. It does not wait for the disk.
func (l *accessLog) write(r *Record) {
	if l == nil {
		return
	}
	s := &l.shards[0]
	if len(l.shards) > 1 {
		// Records are in memory that a processor uses again and again, so this spreads them.
		s = &l.shards[uint64(uintptr(unsafe.Pointer(r)))*0x9e3779b97f4a7c15>>32%uint64(len(l.shards))]
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.closed {
		return
	}
	if s.block.lines == 0 {
		s.begin()
	}
	s.block.bytes = s.clock.appendRecord(s.block.bytes, r)
	s.block.lines++
	if len(s.block.bytes) >= logBlock {
		s.pass()
	}
}

// begin sees to it that the block has memory, and is written in a while even if it does not fill.
func (s *logShard) begin() {
	if s.block.bytes == nil {
		select {
		case s.block.bytes = <-s.log.free:
		default:
			const line = 1024 // so that the last one hardly ever makes the block grow
			s.block.bytes = make([]byte, 0, logBlock+line)
		}
	}
	if s.timer == nil {
		s.timer = time.AfterFunc(logDelay, s.flush)
	} else {
		s.timer.Reset(logDelay)
	}
}

// flush passes on what there is.
func (s *logShard) flush() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if !s.closed && s.block.lines > 0 {
		s.pass()
	}
}

// pass gives the block to the writer, or drops it when the writer has too many; the mutex is held.
func (s *logShard) pass() {
	select {
	case s.log.full <- s.block:
		s.block = logLines{}
	default:
		s.log.drop(s.block.lines)
		s.block = logLines{bytes: s.block.bytes[:0]}
	}
}

func (l *accessLog) drop(lines int) {
	l.dropped.Add(int64(lines))
	l.lost(lines)
}

func (l *accessLog) run() {
	defer close(l.done)
	for block := range l.full {
		if n := l.dropped.Swap(0); n > 0 {
			block.bytes = append(block.bytes, `{"dropped":`...)
			block.bytes = append(strconv.AppendInt(block.bytes, n, 10), "}\n"...)
		}
		if n, err := l.out.Write(block.bytes); err != nil {
			l.drop(bytes.Count(block.bytes[n:], []byte{'\n'}))
		}
		if cap(block.bytes) > 2*logBlock {
			continue // a client made it that large
		}
		select {
		case l.free <- block.bytes[:0]:
		default:
		}
	}
}

// close writes what is pending. Lines that come later are of requests that nobody waited for.
func (l *accessLog) close() {
	if l == nil {
		return
	}
	for i := range l.shards {
		s := &l.shards[i]
		s.mutex.Lock()
		s.closed = true
		if s.timer != nil {
			s.timer.Stop()
		}
		block := s.block
		s.block = logLines{}
		s.mutex.Unlock()
		if block.lines > 0 {
			l.full <- block
		}
	}
	close(l.full)
	<-l.done
}

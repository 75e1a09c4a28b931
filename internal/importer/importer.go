package importer

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"herald/models"
)

// DefaultConcurrency is how many batches are under way at once.
const DefaultConcurrency = 4

// MaxConcurrency bounds them: more only wait for each other in the database.
const MaxConcurrency = 64

// ErrInterrupted is the error of an import that was asked to stop. What was read by then is settled.
var ErrInterrupted = errors.New("interrupted")

const (
	// rowsPerCheckpoint is after how many rows all lanes come to rest for a checkpoint: rare enough to cost nothing, often
	// enough for a killed import to lose seconds.
	rowsPerCheckpoint = 5_000
	// grace is how long batches under way may take after an interrupt.
	grace = 10 * time.Second
)

// Options of an import.
type Options struct {
	API    API
	Format Format

	Size int64 // bytes of what Stream reads, where that is known

	Batch       int // users per call, 1 to models.MaxUsersPerUpsert, which is the default
	Concurrency int // calls at once, 1 to MaxConcurrency; DefaultConcurrency by default

	// Bad is told of every row that is not imported, from several goroutines but one at a time.
	Bad func(BadRow)
	// Progress is told of every batch, likewise.
	Progress func(Progress)
}

// Progress is how far an import is.
type Progress struct {
	Written int64 // users, in this run
	Bytes   int64 // read, in this run
	Total   int64 // bytes to read in this run; 0 when that is not known
}

// Result is what became of a file, over all runs that an interrupted import took.
type Result struct {
	Written     int64 // users written; one that is in the file twice counts twice
	Bad         int64 // rows that were not imported
	ResumedLine int64 // the line this run began at; 0 when that was the first
}

// File imports a file. Where keep is true it leaves a checkpoint beside it when it does not get to the end, and goes on from
// the one it finds; destination names the app that is written to, for a checkpoint is only good for the same.
//
// Bad rows are no error. An error is ErrInterrupted when ctx ended, else what made it impossible to go on.
func File(ctx context.Context, path string, keep bool, destination string, o Options) (Result, error) {
	file, err := os.Open(path)
	if err != nil {
		return Result{}, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return Result{}, err
	}
	if !info.Mode().IsRegular() {
		return Stream(ctx, file, o)
	}
	o.Size = info.Size()
	r, err := newRun(file, o)
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", path, err)
	}
	if keep {
		if r.checkpoint, err = newCheckpoint(file, o.Format, destination); err != nil {
			return Result{}, err
		}
	}
	return r.whole(ctx, file)
}

// Stream imports what can be read only once, such as standard input. When ctx ends it does not wait for more of it.
func Stream(ctx context.Context, in io.Reader, o Options) (Result, error) {
	read, write := io.Pipe()
	defer read.Close()
	go func() {
		_, err := io.Copy(write, in)
		write.CloseWithError(err)
	}()
	defer context.AfterFunc(ctx, func() { read.CloseWithError(ctx.Err()) })()
	r, err := newRun(read, o)
	if err != nil {
		if ctx.Err() != nil {
			err = ErrInterrupted
		}
		return Result{}, err
	}
	return r.whole(ctx, nil)
}

// FormatOf gives the format that a file's name promises.
func FormatOf(path string) (Format, error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".ndjson", ".jsonl", ".json":
		return NDJSON, nil
	case ".csv":
		return CSV, nil
	}
	return "", fmt.Errorf("the name of %s does not end in .ndjson, .jsonl or .csv; say its format with --format", path)
}

// run is one import under way.
type run struct {
	Options
	rows       *rows
	start      state
	checkpoint *checkpoint
	seed       maphash.Seed

	settled state // at the last rest
	written atomic.Int64
	bad     atomic.Int64
	told    sync.Mutex // around Bad and Progress
	read    atomic.Int64
}

func newRun(in io.Reader, o Options) (*run, error) {
	if o.Batch == 0 {
		o.Batch = models.MaxUsersPerUpsert
	}
	if o.Concurrency == 0 {
		o.Concurrency = DefaultConcurrency
	}
	if o.Batch < 1 || o.Batch > models.MaxUsersPerUpsert {
		return nil, fmt.Errorf("a batch of %d users; it must be 1 to %d", o.Batch, models.MaxUsersPerUpsert)
	}
	if o.Concurrency < 1 || o.Concurrency > MaxConcurrency {
		return nil, fmt.Errorf("%d batches at once; it must be 1 to %d", o.Concurrency, MaxConcurrency)
	}
	if o.Bad == nil {
		o.Bad = func(BadRow) {}
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	rows, err := openRows(in, o.Format)
	if err != nil {
		return nil, err
	}
	return &run{Options: o, rows: rows, seed: maphash.MakeSeed()}, nil
}

// whole imports everything, from the checkpoint where there is one.
func (r *run) whole(ctx context.Context, file *os.File) (Result, error) {
	if r.checkpoint != nil {
		kept, found, err := r.checkpoint.load()
		if err != nil {
			return Result{}, err
		}
		if found && kept.At.Offset > 0 {
			if err := r.rows.skipTo(file, kept.At); err != nil {
				return Result{}, err
			}
			r.settled, r.start = kept, kept
		}
		// Now rather than after the first rows, in case it cannot be written.
		if err := r.checkpoint.save(r.settled); err != nil {
			return Result{}, fmt.Errorf("%w; without one (--resume=false) the import works, but cannot be continued", err)
		}
	}
	result := Result{}
	if r.start.At.Offset > 0 {
		result.ResumedLine = r.start.At.Line + 1
	}
	err := r.stretches(ctx)
	result.Written, result.Bad = r.settled.Written, r.settled.Bad
	if r.checkpoint != nil && (err == nil || r.settled.At.Offset == 0) {
		err = errors.Join(err, r.checkpoint.remove())
	}
	return result, err
}

// stretches works through the rows from rest to rest.
func (r *run) stretches(ctx context.Context) error {
	for {
		ended, err := r.stretch(ctx)
		if err != nil {
			// Between two rests only counts are known, not a place to go on from.
			r.settled.Written += r.written.Load()
			r.settled.Bad += r.bad.Load()
			if ctx.Err() != nil {
				return ErrInterrupted
			}
			return err
		}
		r.settled = state{
			At: r.rows.records.next, Written: r.settled.Written + r.written.Swap(0), Bad: r.settled.Bad + r.bad.Swap(0),
		}
		switch {
		case ended:
			return nil
		case r.checkpoint != nil:
			if err := r.checkpoint.save(r.settled); err != nil {
				return err
			}
		}
		if ctx.Err() != nil {
			return ErrInterrupted
		}
	}
}

// stretch reads the next rows and returns when all of them are settled. ended says that there are no more. When ctx ends, it
// stops reading and still settles what it has read.
func (r *run) stretch(ctx context.Context) (ended bool, err error) {
	outlasting, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() {
		select {
		case <-outlasting.Done():
		case <-time.After(grace):
			stop()
		}
	})()

	group, sending := errgroup.WithContext(outlasting)
	lanes := make([]*lane, r.Concurrency)
	for i := range lanes {
		lanes[i] = &lane{full: make(chan batch), open: batch{}}
		group.Go(func() error { return r.work(sending, lanes[i]) })
	}
	ended, err = r.distribute(ctx, sending, lanes)
	for _, l := range lanes {
		if err == nil {
			l.flush(sending)
		}
		close(l.full)
	}
	// A lane that failed is why distribute could not go on.
	if failed := group.Wait(); failed != nil {
		return false, failed
	}
	return ended, err
}

// lane sends batches one after the other, so that the rows of one id stay in order.
type lane struct {
	full chan batch
	open batch
}

func (l *lane) flush(sending context.Context) {
	if len(l.open) == 0 {
		return
	}
	select {
	case l.full <- l.open:
	case <-sending.Done():
	}
	l.open = batch{}
}

func (r *run) distribute(ctx, sending context.Context, lanes []*lane) (ended bool, err error) {
	for range rowsPerCheckpoint {
		if ctx.Err() != nil || sending.Err() != nil {
			return false, sending.Err()
		}
		next, err := r.rows.next()
		r.read.Store(r.rows.records.next.Offset)
		var bad *BadRow
		switch {
		case errors.Is(err, io.EOF):
			return true, nil
		case errors.As(err, &bad):
			r.report(*bad)
			continue
		case err != nil && ctx.Err() != nil:
			return false, nil //nolint:nilerr // the end of reading is not a failure to read
		case err != nil:
			return false, fmt.Errorf("read line %d: %w", r.rows.records.next.Line+1, err)
		}
		l := lanes[maphash.String(r.seed, next.id)%uint64(len(lanes))]
		if _, twice := l.open[next.id]; twice {
			l.flush(sending)
		}
		l.open[next.id] = next
		if len(l.open) == r.Batch {
			l.flush(sending)
		}
	}
	return false, nil
}

func (r *run) work(ctx context.Context, l *lane) error {
	for b := range l.full {
		written, err := b.send(ctx, r.API, r.report)
		total := r.written.Add(written)
		if err != nil {
			return err
		}
		r.told.Lock()
		p := Progress{Written: r.settled.Written + total - r.start.Written, Bytes: r.read.Load() - r.start.At.Offset}
		if r.Size > 0 {
			p.Total = r.Size - r.start.At.Offset
		}
		r.Progress(p)
		r.told.Unlock()
	}
	return nil
}

func (r *run) report(b BadRow) {
	r.bad.Add(1)
	r.told.Lock()
	defer r.told.Unlock()
	r.Bad(b)
}

package jobs

import "context"

func build(ctx context.Context, job *Job, result *RunResult, o Options) error { panic("steps") }

package tuner

import "fmt"

// enoughReadings is the least number of settled readings for any judgement but a clear success.
const enoughReadings = 3

// judge decides over a settled trial: kept, taken back, or watched for longer.
func (t *tick) judge(trial *Trial) outcome {
	if trial.Class == ClassProtect {
		return t.judgeProtect(trial)
	}
	if trial.Class == ClassOptimize {
		return t.judgeGoal(trial)
	}
	return t.judgeCareful(trial)
}

// judgeCareful keeps a step that was not meant to help as long as it does no harm.
func (t *tick) judgeCareful(trial *Trial) outcome {
	if len(t.broken) > 0 || len(trial.Readings) < enoughReadings {
		return t.judging(trial, enoughReadings)
	}
	return t.keep(trial, "every objective holds with it")
}

// judgeProtect keeps a step as soon as it is seen to help. If the objective is still broken then, the next step may
// follow in the same tick.
func (t *tick) judgeProtect(trial *Trial) outcome {
	if len(t.broken) == 0 {
		return t.keep(trial, "every objective holds again")
	}
	v, why := t.compare(trial)
	early := len(trial.Readings) < enoughReadings
	switch {
	case v == better, v == unclear, v == censored, v == thin && !early:
		t.kept = t.keep(trial, why)
		return outcome{}
	case early, v == recovering && len(trial.Readings) < maxReadings:
		return t.judging(trial, enoughReadings)
	case v == worse:
		return t.takeBack(TakenBackWorse, why)
	}
	return t.takeBack(TakenBackNoHelp, why)
}

func (t *tick) judging(trial *Trial, enough int) outcome {
	detail := fmt.Sprintf("%d of %d readings", len(trial.Readings), enough)
	if len(trial.Readings) >= enough {
		detail = fmt.Sprintf("%d readings, not yet clear", len(trial.Readings))
	}
	return outcome{reason: Judging, rule: trial.Rule, detail: detail}
}

func (t *tick) keep(trial *Trial, why string) outcome {
	t.pardon(trial)
	t.endTrial()
	return outcome{reason: Kept, rule: trial.Rule, detail: why}
}

// Package measures computes quality measures and cohorts on an extract. A
// definition is a folder, so a new one needs no Go:
//
//	library, err := measures.LoadLibrary(dirs...)   // every mistake in every file at once
//	report, err := measures.Run(ctx, store, measures.Request{...})
//	results, err := measures.OpenResults(ctx, store, snapshot)
//
// # A measure's folder
//
// The folder has the measure's id as its name and holds measure.yaml, the SQL files that
// it names, and value lists in lists/*.csv. A folder lists beside it serves all.
//
//	id: breast-cancer-screening
//	title: Breast cancer screening
//	scoring: proportion            # or rate: events over person-time
//	basis: patient                 # or Encounter: each episode counts
//	direction: higher              # what is better: higher or lower
//	populations:                   # FHIR's names; each is one SELECT
//	  initial-population: initial-population.sql
//	  denominator: ...             # absent: the initial population; a rate needs it
//	  denominator-exclusion: denominator-exclusion.sql
//	  numerator: numerator.sql
//	care_gaps:                     # of a proportion, if wanted: why a subject is in a gap, the first that holds;
//	  - {id: no-test, title: No test in the period, sql: gap-no-test.sql}   # SELECTs like a population; the rest is "None of these"
//	attribution: {method: plurality-of-visits, months: 24}   # or {method: service-provider}
//	strata: [site, sex, age, race, ethnicity, payer]
//	lists: [mammography, bilateral_mastectomy]
//	follow_up: 30 days             # needed after the period before a result is complete
//	per_person: true               # no SQL compares a person with others (see A population's SQL)
//	unit: ...                      # of a rate, in words, with multiplier: 1000 person-years
//	rationale: why it is measured
//	source: where the definition comes from
//
// A value list is a CSV with the columns system, code and description; the system is the
// URI that FHIR uses, the description is in the author's own words. A list may also be a value
// set: lists/NAME.yaml then says which, in place of lists/NAME.csv:
//
//	value_set: http://example.org/ValueSet/statins
//	version: 2024-01               # needed where there are several
//
// The value set is one of the folder fhir of the library (see below), or else of the package
// that was imported into the store; farr cohort lint and describe look there with --store, a
// run always. One that is not there, has no codes or may lack some is a mistake. A definition's
// hash covers the codes, and the package is an input of the results.
//
// # A population's SQL
//
// Each file is one SELECT, over all periods at once, that returns (pid, period) or, with
// basis Encounter, (pid, period, episode); the populations of a rate also return value,
// a whole number: events in the numerator, days at risk in the denominator, added up.
// Where SQL tells of each person from that person's records alone, per_person: true lets farr compute
// fifty thousand persons at a time, in bounded memory. SQL that ranks persons, takes an average of
// all or looks at another person must not say so.
//
// Rows may repeat. farr does the arithmetic between populations: the denominator is the
// initial population without exclusions, the numerator is counted within it.
//
// SQL reads these by plain name:
//
//	period(period, family, low, high)           what is asked; days [low, high)
//	initial_population(pid, period, [episode,] family, low, high, gender, birth_date)
//	                                            this measure's; for the populations after it
//	list_<name>(id)                             a value list: code IN (FROM list_mammography)
//	seen(pid, period, low, high, gender, birth_date, age)
//	                                            patients alive on the first day, with a visit in the
//	                                            period; age on its last day
//	visit(pid, rid, moment, day, service_provider_rid)
//	                                            finished ambulatory encounters, by their start
//	finished_encounter(pid, rid, class, start_at, end_at, start_day, end_day,
//	                   service_provider_rid, discharge_disposition)
//	condition_course(pid, rid, code, onset, abatement)
//	                                            conditions neither refuted nor entered in error; onset is
//	                                            the recorded date where there is none, abatement is
//	                                            infinity while there is none
//	performed(pid, rid, code, moment)           completed procedures
//	result(pid, rid, code, moment, value_tag, value_num, value_unit, value_concept)
//	                                            final, amended and corrected observations
//	result_component(pid, rid, ordinal, code, value_tag, value_num, value_unit, value_concept)
//	ordered(pid, rid, code, moment, day)        medication requests in earnest
//	immunized(pid, rid, code, moment, day)      completed immunizations
//	observation_period(pid, ordinal, period_start, period_end)
//	                                            observable time; both days belong to it
//	patient, encounter, condition, ...          the keyed views of package datasets
//	age_on(birth_date, day)                     completed years
//	birthday(birth_date, years)                 the day on which that age is reached
//
// Of condition_course, performed, result, result_component, ordered and immunized a definition sees the
// rows whose code is in one of its own lists. Nothing that was negated is in any of these
// views; the keyed views hold all and say so in their column negated. Dates are local wall
// time in the source's zone. A column that holds a list of concepts, such as
// encounter.type, is in a value list when one of them is.
//
// # A measure in CQL
//
// The folder fhir of a library holds measures in CQL, in the form of a published package:
//
//	fhir/cql/NAME.cql                        the logic
//	fhir/resources/library/NAME.json         Library with the CQL and its ELM, translated
//	fhir/resources/measure/NAME.json         Measure: scoring, and the define of each population
//	fhir/vocabulary/valueset/*.json          ValueSet, each code named
//
// The CQL is on FHIR 4.0.1 and begins with
//
//	library NAME version '1.0.0'
//	using FHIR version '4.0.1'
//	include FHIRHelpers version '4.0.1'
//	parameter "Measurement Period" Interval<DateTime>
//	context Patient
//
// FHIRHelpers is built in. The ELM comes from a translator, of which there is one in npm; it is
// committed, and farr needs no translator to run it:
//
//	npm install --prefix /tmp/cql @cqframework/cql@5.3.0 cql-exec-fhir@2.2.0
//	node testdata/cql/translate.mjs /tmp/cql DIR/fhir
//	farr measure list --library DIR
//	farr measure run --library DIR --measure NAME ...
//
// (make elm translates the repository's own.) The Measure names its Library by the URL that
// translate.mjs gives it, http://example.org/farr/Library/NAME. Every place that cannot be compiled, and every
// value set that is lacking, is a mistake in the library. A measure in CQL is computed when it
// is named. Its strata are all of Strata, the site that of 24 months of visits.
//
// Time is local, as in SQL: a day in CQL is the day on the calendar of the source's zone. What
// SQL of the views above takes for granted CQL says itself: which statuses count, that a time
// known to the month counts from its first day, that a patient is alive and was seen. The
// shipped BloodPressureControlCQL says all of it, and is a good text to begin with: it gives
// each patient what blood-pressure-control gives. A measure with such a twin needs no list
// twice: make elm writes the Measure and the ValueSets of NameCQL from the YAML and the value
// lists of the folder name.
//
// # A cohort's folder
//
// The folder has the cohort's id as its name and holds cohort.yaml, value lists, and SQL or
// CSV files that it names. All of it may be written in YAML:
//
//	id: new-statin-users
//	title: New users of a statin
//	entry:
//	  title: First order of a statin in the study window
//	  event: {medication: statin}
//	  occurrence: first              # or first-in-window, last, every; first is of all data
//	rules:                           # in the order of the attrition table
//	  - {id: adult, require: {age: {at_least: 40, below: 76}}}
//	  - {id: history, require: {observable: -365..0}}
//	  - id: no-liver-disease
//	    exclude: {any: [{condition: liver, days: ..0}, {encounter: {class: [IMP], diagnosis: liver}}]}
//	exit: {days: 730, events: [{condition: liver}]}
//	outcomes:
//	  - {id: stroke, title: Stroke, event: {condition: stroke}, from: 1, to: 365, washout: 365}
//	  - {id: worst, title: Death or stroke, events: [{death: true}, {condition: stroke}], to: 365, adjust: [age, sex, charlson]}
//	  - {id: stops, title: Stops taking it, event: {end_of_era: {medication: statin, supply: 90, gap: 30}}}
//	characteristics:                 # rows of Table 1 beside age and the strata
//	  - {id: diabetes, title: Diabetes, has: {condition: diabetes, days: ..0}}
//	  - {id: ldl, title: Newest LDL, last: {observation: ldl, value: {unit: mg/dL}, days: -365..0}}
//	  - {id: charlson, title: Charlson's index, charlson: {days: -730..0}}   # weights: 1987, or 2011
//	strata: [site, sex, age, telehealth, deprivation]
//	attribution: {method: plurality-of-visits, months: 24}
//	areas: [{id: deprivation, title: Deprivation, by: zip3, file: fifths.csv, ordered: true}]   # or by state, or zip5
//	at_risk: {history: 365, age: {at_least: 40}, until: [{medication: statin}], never: [{condition: liver}]}
//	multiplier: 1000                 # person-years that rates are per
//	standard: us-2000                # or esp-2013, who-2000
//	prevalence: true
//	rationale: why it is counted
//	source: where the definition comes from
//
// An event is condition, procedure, observation (with value), medication or immunization with
// the name of a value list; encounter with class, diagnosis or type, at its start or end;
// death; or end_of_era. A rule is an event with days and count; age, sex, observable, cohort
// (an entry of another cohort); or any, all and not of rules. A window of days is from..to,
// counted from the index date; without one all of the data count, an event whose day is not
// known among them. An era ends on the first day without supply, where the person is observed and alive
// until the gap has passed; who is not, or not yet, did not stop. Death and the end of observable time end every follow-up. A day at risk
// is counted from the first day on, and the day of the event is the last. Time at risk of
// becoming a case ends with the first entry event of all data, whatever occurrence is, but not where it is every: then each is a case.
//
// A washout leaves out who had the outcome in so many days before the first day at risk, which is the
// day after the index date where nothing is said: the index date is one of them. A count is of days.
//
// An outcome that is adjusted has for each group the number that a logistic model of all people
// expects, of the entries whose follow-up nothing but death would have ended early; the model's odds ratios;
// and how well it foretells a fifth of the persons when it is fitted to the others. Of a category,
// words that fewer than 20 entries have are one factor. Charlson's index is of conditions in ICD-10,
// which SQL reads as comorbidity(pid, day, condition). Telehealth says whether an encounter of
// class VR began in the year before the index date, or in the year that ends with a rate's period.
//
// Where YAML is not enough, entry, a rule and at_risk take SQL in a file; entry and a rule take
// CQL, too; and both may stand within any, all and not:
//
//	entry: {title: First order, sql: orders.sql}
//	entry: {title: First order, cql: {library: Statins, define: Orders}}
//	rules:
//	  - {id: seen, title: Seen before, sql: seen.sql}
//	  - {id: adult, cql: {library: Statins, define: Adult}}
//	  - {id: fit, exclude: {any: [{condition: liver}, {sql: frail.sql}, {cql: {library: Statins, define: Frail}}]}}
//	at_risk: {sql: at-risk.sql}
//
// SQL of the entry returns (pid, index_date); that of a rule the pid of those who pass, and reads
// entry(pid, index_date); that of at_risk returns days [low, high) of persons, which must not
// overlap for one person and begin no later than they end, and reads event(pid, index_date), the
// entry events without the window. A case counts where its index date is a day at risk: the day of
// the event belongs to the time before it.
//
// CQL is a library in the folder fhir, as of measures (see above), without a Measure. The define
// of an entry gives a Date, a DateTime, an interval of one of them or a list of these: each is
// a day on which the event happened, an interval the day on which it starts, and a time known to
// the month its first day; occurrence chooses among them as among events. The define of a rule
// is true of persons who pass; what is null is not true. Its context is Patient. "Measurement Period" is the study window.
// A define is of a person and knows no index date: a rule about days before it works it out as
// the entry does. Where data make a define fail, it is null for that person, and the results'
// table issue says so. What cannot be compiled is a mistake of the library. The definition's hash
// covers the ELM, which carries the hash of the CQL, and the codes of its value sets.
//
// farr cohort describe says a cohort in English, lint finds what is hardly meant, codes tells
// which codes occur, explain which rule kept a person out. The rules are in measures/internal/cohort.
//
// Prevalence is of the entry event: of the persons under observation on the last day of a
// period, those who have had one until then, whatever the rules say. Rates are standardised over the
// ages at risk; a group of a standard is spread evenly over its years, and ages from 85 on are one.
// An age below 0 or above 130 is a wrong birth date, and unknown in strata, Table 1, rates and models. Groups
// are compared without unknown and unattributed ones; an ordered area's go by its file.
//
// With occurrence every, counts are of entries, of which a person may have several; the columns that are
// called persons, event_persons and so on count each person once.
//
// # Assurance cases of a cohort
//
// Files cases/NAME.yaml in the cohort's folder hold made-up persons and what is expected of each:
//
//	title: Orders of a statin after a year without
//	periods: 2023                    # as in --periods; entries are sought in their span
//	patients:
//	  ann:
//	    about: new, and has a stroke # for readers
//	    birth: 1960-05-01
//	    sex: female                  # also death, zip, state
//	    observed: [2020-01-01..2023-12-31]
//	    events:                      # one kind each; no on: where the record does not say when
//	      - {medication: statin, on: 2023-02-01}
//	      - {condition: stroke/I63.9, on: 2023-02-11, until: 2023-03-01}
//	      - {observation: ldl, on: 2023-01-05T09:30, value: 160, unit: mg/dL}
//	      - {encounter: IMP, on: 2023-02-11, until: 2023-02-14, diagnosis: stroke, status: finished}
//	    expect: [{index: 2023-02-01, outcomes: {stroke: {event: 10}}}]
//	    at_risk: 32                  # days within the periods
//	  bob:
//	    events: [{medication: statin, on: 2023-02-01}]
//	    expect: [{index: 2023-02-01, out_by: [adult, history]}]
//	  cat:
//	    expect: none                 # no entry in the periods
//
// A code is LIST (its first code), LIST/CODE or SYSTEM|CODE; a diagnosis is a condition found in
// the encounter, reason and type are the encounter's own. expect has every entry by its index date;
// out_by are all the rules that it fails, none when the person is in. An outcome is {event: DAY},
// {until: DAY} (followed until then without it; both count from the index date), washed out or no time.
//
// farr cohort test runs them, and a job before it extracts ([Library.Assure]): the persons go through
// extraction and the same SQL as real ones. They are no part of the definition's hash.
//
// # Results
//
// A run is one session: what SQL reads is prepared once, or once for each part of the persons, then
// each population is one scan for all periods
// and families. Results are published as a snapshot with the definitions inside. Its key is
// the hash of extract, definitions, periods and engine; a key that exists is skipped.
//
// Results.Write gives a table, and Results.WriteMeasureReports FHIR R4 MeasureReports.
//
// # An analyst's session
//
// [OpenSQL] opens a session on the keyed views, the prepared views with every code, value lists and
// result tables. [SQLSession.Bind] holds a statement to what SQL of authors may do and reads no row;
// a [Selection] gives rows as text, CSV, Parquet or Arrow. Nothing is spilled. What it shows are true dates:
// the caller writes each statement down first ([datasets.Store.Disclose]), by a hash under the key.
//
// # Published measures
//
// Import brings a published package into the store and Imported describes it. Run computes its
// measures beside a library's; Compile shows what one compiles to, and an Explainer what it found
// of one person, define by define. The packages below measures/internal do the work:
// content reads, elm links, plan compiles, evaluate computes, conformance tests.
//
// A published proportion has care gaps by itself: the rules are the parts of its numerator, each under the
// name of its define, in the order of the CQL, and a subject is counted in the first that fails. The parts are
// the operands of And, of conditions, and of Intersect, of lists of episodes, through the defines that they are; null
// is not met. Where one is that a query of data finds something, a rule before it is that there are any such data at
// all: who has none lacks another thing than who has them, and not as asked. Where lower is better a gap is to be in the numerator, and the parts are those of Or and Union,
// of which the first that holds counts. What is other is excluded from the numerator.
//
// A numerator in one part has none, since all in the gap would have the same reason. So has one of alternatives where
// higher is better: whoever is in the gap met none of them, and which one a person lacks is not for the measure to
// say. Nor have numerators that are one query of episodes (the conditions of its where are not told apart yet).
//
// Improvement notation whose code and display contradict each other, as in most of the published content
// of 2024, says nothing: such a measure has no direction until a KPI file gives one, and its gaps are of
// those who are not in the numerator.
//
// # Data quality
//
// A run also looks at the data behind it, in the terms of Kahn et al. (2016). quality_check has the questions,
// quality_count how many records of each site and year fail them, quality_volume the records of each site by month,
// and quality_use which columns each definition reads. What is asked of a table is in quality_tables.go and
// quality_checks.go, which columns stand behind a view in quality_reads.go. Persons behind a count are told at the
// least: of how many of 64 parts of the pseudonyms somebody is among them.
//
// # What was loaded
//
// The pass over the extract also notes on which true days each site, and the extract as a whole, has records of each table. feed has
// how each of these came: whether it runs, has stopped (stats.SilenceOf: no record for longer than the longest gap but one, and so
// long that it is no chance, and nobody said that the site was closed: [Request].Closed), was closed, was never loaded, is not expected of the source ([datasets.ExtractRequest].Expect), or cannot be judged.
// What was said to be closed and goes on, or is no site, is a fact of the results (RunReport.ClosedDoubts), by months alone.
// Months of the first and the last record are in it and no days: beside dates at rest days would narrow how far these are shifted.
// A site is that of the records' encounters; where these stopped and the records go on, nothing is said of the site's.
// Of several sources each has feeds beside those of sites, under the source's name, as the extract tells them ([datasets.Snapshot.SourceFeeds]): a type
// that one source has and another does not is missed only where the other was said to have it.
//
// incomplete says which part of a definition lacks the records of which feed in which period. What a part rests on is read off
// its SQL, view by view, and of compiled measures off the plan, population by population (feed_rests.go); time under observation
// rests on coverages or on encounters, by the extract's rule. A period lacks a feed's records where it ends, with the follow-up
// that it needs, later than the feed's last day and its usual gap after it; what lies before is whole. A row of a site is of
// figures of that site, and of all that are of no one site; what a source lacks has a row of its name, and of each of its sites whose own feed
// does not tell, and of those who have no site. A feed that sends less than it did, but sends, is not among them: reports find that in
// the volume by months.
//
// # How to add an operator
//
// ELM that the compiler does not know is a diagnostic with its place, such as
// "ELM node Meets is not supported". To know it, walk from the reader to the deck; Meets,
// which says whether one interval ends right before another begins, is the example.
//
//  1. Reading, measures/internal/elm/node.go. A Node has ELM's fields by ELM's names. Meets has
//     operand and precision, which are there; an operator with a field of its own, such as
//     Round's precision, gets it in the struct, in UnmarshalJSON, in Children and in print.go
//     (a test holds the last two together).
//  2. The table, measures/internal/plan/nodes.go: the node's name beside the function of its
//     family. Meets compares two values: (*frame).compare.
//  3. Types and meaning, measures/internal/plan/compare.go. Operands come as values, whose Go
//     type is their CQL type: intervalV has its ends as points, closed, and an end that is
//     unknown is an uncertain point. Meets is a case of the switch: the point after a's end
//     is the same as b's start, or the other way; next, in dates.go, is the point after one.
//     What the types do not allow ends in g.fail with the node: never in a guess.
//  4. Three values. An expression is true, false or null as CQL says: equal and less of dates
//     are null where the precision decides nothing. truth makes null false, where a condition
//     must be one.
//  5. A new operation on scalars needs a name in plan/expr.go, with its meaning, and its
//     spelling in plan/duckdb_expr.go, a form or a case. Meets needs none. A new step on
//     rows is a type in plan/relation.go, and is printed in plan/duckdb.go and plan/text.go.
//     No other file may spell SQL; a test reads them for it.
//  6. Tests. A line in plan/*_test.go where a rule is easy to see by itself; and a define in
//     testdata/deck/cql with the answer worked out from the specification, and why. make elm
//     translates it. The deck's test lists node types that no define of it reaches, and its
//     pending.txt the answers that are still wrong: Meets was there. make cql-tests runs
//     HL7's tests, and says which of those that were skipped begin to pass.
//
// To add a measure: write the folder, run farr measure run --library DIR on a small
// extract, and add a file to testdata/rules with a person for each rule.
package measures

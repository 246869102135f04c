/** @jsxImportSource preact */
import { type StudyName, studies, studyNames } from '@mobileone/measure/studies'
import type { JSX } from 'preact'
import { reportOf, runOf } from './study-state.ts'
import { StudyView } from './study-view.tsx'
import './studies.css'

/** The paper's studies, to be repeated on this device; `#studies/<name>` is one of them. */
export default function StudiesPage({ rest }: { readonly rest: string }): JSX.Element {
  const name = studyNames.find((each) => each === rest)
  return name ? <StudyView key={name} name={name} /> : <Overview />
}

function Overview(): JSX.Element {
  return (
    <>
      <div class="intro">
        <h2>The paper’s questions, on this device</h2>
        <p class="lead">
          MobileOne’s argument is a set of measurements on an iPhone 12, a Xeon and an RTX 2080 Ti. Each study
          repeats one of them here and puts what comes of it beside what the paper printed. Answers are
          checked before anything is timed, as on the page Run.
        </p>
      </div>
      <ul class="study-cards">
        {studyNames.map((name) => (
          <Card key={name} name={name} />
        ))}
      </ul>
    </>
  )
}

const stateText: Readonly<Record<string, string>> = {
  running: 'Being measured',
  paused: 'Held',
  cancelled: 'Measured in part',
  failed: 'Failed',
}

function Card({ name }: { readonly name: StudyName }): JSX.Element {
  const { title, question, paper } = studies[name]
  const { status } = runOf(name)
  const state = stateText[status] ?? (reportOf(name) ? 'Measured' : undefined)
  return (
    <li class="panel study-card">
      <h3>
        <a href={`#studies/${name}`}>{title}</a>
      </h3>
      <p class="study-question">{question}</p>
      <p class="muted small">{paper}</p>
      {state && <p class="study-state small">{state}</p>}
    </li>
  )
}

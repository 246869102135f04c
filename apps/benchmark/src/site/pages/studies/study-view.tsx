/** @jsxImportSource preact */
import { type StudyName, studies } from '@mobileone/measure/studies'
import type { JSX } from 'preact'
import { StudyChoice } from './study-choice.tsx'
import { StudyPanel } from './study-panel.tsx'
import { StudyResults } from './study-results.tsx'
import { reportOf } from './study-state.ts'

/** One study: what the paper says, what is measured here, what came of it. */
export function StudyView({ name }: { readonly name: StudyName }): JSX.Element {
  const { title, question, paper, method } = studies[name]
  const report = reportOf(name)
  return (
    <>
      <div class="intro">
        <p class="small">
          <a class="back" href="#studies">
            All studies
          </a>
        </p>
        <h2>{title}</h2>
        <p class="study-question">{question}</p>
      </div>
      <section class="panel" aria-label="The question">
        <dl class="study-words">
          <div>
            <dt>The paper</dt>
            <dd>{paper}</dd>
          </div>
          <div>
            <dt>Here</dt>
            <dd>{method}</dd>
          </div>
        </dl>
        <StudyChoice name={name} />
      </section>
      <StudyPanel name={name} />
      {report && <StudyResults name={name} report={report} />}
    </>
  )
}

/** @jsxImportSource preact */
import type { JSX } from 'preact'
import { RunReport } from '../../parts/run-report.tsx'
import { ContenderChoice } from './contender-choice.tsx'
import { NetworkChoice } from './network-choice.tsx'
import { ProtocolChoice } from './protocol-choice.tsx'
import { RunPanel } from './run-panel.tsx'
import { isBusy, run } from './run-state.ts'
import './run.css'

/** Choose what is measured, and measure it. */
export default function RunPage(): JSX.Element {
  const { report } = run.value
  return (
    <>
      <div class="intro">
        <h2>How fast is it here?</h2>
        <p class="lead">
          The same network on the same input, run by MobileOne and by others in this browser, on this device.
          Everyone’s answer is checked before it is timed, has a page of its own, and takes turns with the
          others.
        </p>
      </div>
      <form class="setup" aria-label="What is measured" onSubmit={(event) => event.preventDefault()}>
        <fieldset class="plain-set" disabled={isBusy.value}>
          <NetworkChoice />
          <ContenderChoice />
          <ProtocolChoice />
        </fieldset>
      </form>
      <RunPanel />
      {report && <RunReport report={report} />}
    </>
  )
}

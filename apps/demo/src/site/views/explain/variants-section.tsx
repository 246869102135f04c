/** @jsxImportSource preact */

import { millions, milliseconds, percent } from '@mobileone/site-kit/format'
import { ScrollRegion } from '@mobileone/site-kit/scroll-region'
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { explainWorker } from './explain-worker-client.ts'
import type { Measurement } from './use-measurement.ts'
import { useMeasurement } from './use-measurement.ts'
import type { VariantFacts } from './variant-facts.ts'

/** The five networks: what they cost, what the paper measured, what this device takes. */
export function VariantsSection(): JSX.Element {
  const measurement = useMeasurement('variants')
  const [facts, setFacts] = useState<readonly VariantFacts[]>([])
  useEffect(() => {
    let isCurrent = true
    explainWorker()
      .facts()
      .then((found) => isCurrent && setFacts(found))
    return () => {
      isCurrent = false
    }
  }, [])
  return (
    <section class="panel" aria-labelledby="variants-title">
      <h2 id="variants-title">Five sizes of one network</h2>
      <p>
        S0 to S4 differ in the width of their four stages; S0 trains with four branches a block, the others
        with one. A block of S0 therefore folds more than half of its parameters away, one of S4 hardly any.
      </p>
      <ScrollRegion label="The five networks">
        <table>
          <thead>
            <tr>
              <th scope="col">network</th>
              <th scope="col" class="numeric">
                parameters, as trained
              </th>
              <th scope="col" class="numeric">
                folded
              </th>
              <th scope="col" class="numeric">
                multiply-adds
              </th>
              <th scope="col" class="numeric">
                ImageNet top-1
              </th>
              <th scope="col" class="numeric">
                iPhone 12
              </th>
              <th scope="col" class="numeric">
                here
              </th>
            </tr>
          </thead>
          <tbody>
            {(facts.length > 0 ? facts : placeholders).map((row, index) => (
              <tr key={index}>
                {row ? <VariantCells facts={row} measurement={measurement} /> : <td colSpan={7}>&nbsp;</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollRegion>
      <div class="row">
        <button
          type="button"
          class="quiet"
          disabled={measurement.state === 'running'}
          onClick={measurement.start}
        >
          {measurement.state === 'running'
            ? `Measuring… ${Math.round(100 * measurement.fraction)} %`
            : 'Measure all five here'}
        </button>
        <span class="muted" role="status">
          {measurement.error ??
            'One thread of WebAssembly, random weights, 224 x 224 pixels; S4 takes 60 MB for a moment.'}
        </span>
      </div>
      <p class="muted">
        Accuracy and iPhone times: Table 9 of the paper. Parameters and multiply-adds: counted here, on the
        graphs.
      </p>
    </section>
  )
}

const placeholders = [undefined, undefined, undefined, undefined, undefined]

function VariantCells({
  facts,
  measurement,
}: {
  facts: VariantFacts
  measurement: Measurement
}): JSX.Element {
  const name = facts.variant.toUpperCase()
  const here = measurement.timings.find(({ label }) => label === name)?.ms
  return (
    <>
      <th scope="row">{name}</th>
      <td class="numeric">{millions(facts.trainParams)}</td>
      <td class="numeric">{millions(facts.params)}</td>
      <td class="numeric">{millions(facts.macs)}</td>
      <td class="numeric">{percent(facts.published.top1)}</td>
      <td class="numeric">{facts.published.phoneMs.toFixed(2)} ms</td>
      <td class="numeric">{here === undefined ? '–' : milliseconds(here)}</td>
    </>
  )
}

/** @jsxImportSource preact */
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import './explain.css'
import { stopExplainWorker } from './explain-worker-client.ts'
import { FoldSection } from './fold-section.tsx'
import { MeasuredBars } from './measured-bars.tsx'
import { useMeasurement } from './use-measurement.ts'
import { VariantsSection } from './variants-section.tsx'

/** The paper in five minutes, each claim with a control to try it. */
export default function ExplainView(): JSX.Element {
  useEffect(() => stopExplainWorker, [])
  return (
    <div class="explain">
      <header class="lead">
        <h2>The paper in five minutes</h2>
        <p>
          <cite>MobileOne: An Improved One millisecond Mobile Backbone</cite> (Vasu, Gabriel, Zhu, Tuzel and
          Ranjan, CVPR 2023,{' '}
          <a href="https://arxiv.org/abs/2206.04040" rel="noreferrer">
            arXiv 2206.04040
          </a>
          ) asks what makes a network fast on a phone, and answers with measurements. Every claim below can be
          tried on this device; times are of the WebAssembly kernels of this page, on one thread.
        </p>
      </header>
      <FoldSection />
      <div class="columns">
        <BranchesSection />
        <ArithmeticSection />
        <DesignsSection />
        <TrainingSection />
      </div>
      <VariantsSection />
    </div>
  )
}

function BranchesSection(): JSX.Element {
  return (
    <section class="panel" aria-labelledby="branches-title">
      <h2 id="branches-title">Why fold: branches cost time</h2>
      <p>
        Each branch reads its input from memory again and writes a result that is read again to be added. Here
        are four depthwise and pointwise pairs with 64 channels, folded and as they are trained.
      </p>
      <MeasuredBars
        measurement={useMeasurement('branches')}
        labels={['folded', 'k = 1', 'k = 2', 'k = 3', 'k = 4']}
        button="Measure branches here"
      />
    </section>
  )
}

function ArithmeticSection(): JSX.Element {
  return (
    <section class="panel" aria-labelledby="arithmetic-title">
      <h2 id="arithmetic-title">Arithmetic does not tell time</h2>
      <p>
        28.9 million multiply-adds each, all 3x3 with 64 channels. What differs is how much a layer reads and
        writes at a time, and whether that stays in the processor's cache. Over 21 networks the paper finds a
        rank correlation of only 0.47 between multiply-adds and time on a phone, and of 0.30 between
        parameters and time.
      </p>
      <MeasuredBars
        measurement={useMeasurement('arithmetic')}
        labels={['1 dense, 28 x 28', '64 depthwise, 28 x 28', '4 depthwise, 112 x 112']}
        button="Measure arithmetic here"
        notes={{
          '1 dense, 28 x 28': '(0.2 MB a layer)',
          '64 depthwise, 28 x 28': '(0.2 MB a layer)',
          '4 depthwise, 112 x 112': '(3.2 MB a layer)',
        }}
      />
    </section>
  )
}

function DesignsSection(): JSX.Element {
  return (
    <section class="panel" aria-labelledby="designs-title">
      <h2 id="designs-title">What hardly computes may still cost</h2>
      <p>
        Thirty convolutions with another activation, with skip connections or with squeeze-and-excite. On the
        paper's phone each adds time, so MobileOne has ReLU, no skips once it is folded, and
        squeeze-and-excite in S4 alone. How much it is depends on the kernels: those of this page apply
        activations and skips while a result is still in registers.
      </p>
      <MeasuredBars
        measurement={useMeasurement('designs')}
        labels={['ReLU', 'GELU', 'SiLU', 'ReLU, skip connections', 'ReLU, squeeze-and-excite']}
        button="Measure designs here"
        notes={{
          ReLU: '(iPhone: 1.53 ms)',
          GELU: '(1.63 ms)',
          SiLU: '(2.54 ms)',
          'ReLU, squeeze-and-excite': '(2.10 ms)',
        }}
      />
      <p class="muted">In brackets: iPhone 12, Table 2 of the paper, on a network of its own.</p>
    </section>
  )
}

function TrainingSection(): JSX.Element {
  return (
    <section class="panel" aria-labelledby="training-title">
      <h2 id="training-title">Why branches at all: they train better</h2>
      <p>
        The folded network could be trained as it is. With branches the same network, as fast as before, ends
        up more accurate: top-1 on ImageNet, Table 5 of the paper.
      </p>
      <table class="narrow">
        <thead>
          <tr>
            <th scope="col">network</th>
            <th scope="col" class="numeric">
              without branches
            </th>
            <th scope="col" class="numeric">
              with
            </th>
          </tr>
        </thead>
        <tbody>
          {[
            ['S0', '69.6 %', '71.4 %'],
            ['S1', '74.6 %', '75.9 %'],
            ['S3', '77.2 %', '78.1 %'],
          ].map(([name, without, with_]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td class="numeric">{without}</td>
              <td class="numeric">{with_}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p>
        <a href="#train">Train a small one in this tab</a>, with and without branches side by side.
      </p>
    </section>
  )
}

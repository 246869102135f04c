/** @jsxImportSource preact */
import type { JSX } from 'preact'
import { BlockDiagram } from './block-diagram.tsx'
import { sampleStages } from './sample-block.ts'

/** What this view does, before anything is open. */
export function IntroPanel(): JSX.Element {
  return (
    <section class="panel intro" aria-labelledby="intro-title">
      <div class="text">
        <h2 id="intro-title">From the network that learned to the one that runs</h2>
        <p>
          MobileOne learns with several parallel branches in every block, and runs as a plain chain of
          convolutions. Both compute the same. Open a checkpoint, or a model of ONNX or Core ML, and
        </p>
        <ul>
          <li>see what it is: its format, its variant, what it costs in both forms</li>
          <li>watch it fold, block by block, with the difference measured</li>
          <li>find out where the time goes, layer by layer</li>
          <li>use it on this page, or save it for phones and other programs</li>
        </ul>
      </div>
      <div class="pair">
        <figure>
          <figcaption>As it learns</figcaption>
          <BlockDiagram stages={sampleStages} stage={0} />
        </figure>
        <figure>
          <figcaption>As it runs</figcaption>
          <BlockDiagram stages={sampleStages} stage={1} />
        </figure>
      </div>
    </section>
  )
}

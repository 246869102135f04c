/** @jsxImportSource preact */
import type { JSX } from 'preact'
import './checkpoint.css'
import { ExportPanel } from './export-panel.tsx'
import { FactsPanel } from './facts-panel.tsx'
import { FoldPanel } from './fold-panel.tsx'
import { OpenPanel } from './open-panel.tsx'
import { opened } from './opened.ts'
import { ProfilePanel } from './profile-panel.tsx'

/** Bring a model: see what it is, watch it fold, time its layers, use it and write it in other formats. */
export default function CheckpointView(): JSX.Element {
  const of = opened.value
  return (
    <div class="checkpoint">
      <OpenPanel />
      {of ? (
        <>
          <div class="columns">
            <FactsPanel of={of} />
            <ExportPanel of={of} />
          </div>
          {of.facts.blocks.length > 0 && <FoldPanel facts={of.facts} />}
          <ProfilePanel />
        </>
      ) : (
        <section class="panel intro" aria-labelledby="intro-title">
          <h2 id="intro-title">From the network that learned to the one that runs</h2>
          <p>
            MobileOne is trained with several parallel branches in every block, and runs as a plain chain of
            convolutions. Give a checkpoint of either form, or a model of ONNX or Core ML, and this page shows
            what it is, folds it block by block, measures that nothing changed, times each layer and writes it
            for other programs.
          </p>
        </section>
      )}
    </div>
  )
}

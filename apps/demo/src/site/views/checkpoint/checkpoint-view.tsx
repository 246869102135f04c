/** @jsxImportSource preact */
import type { JSX } from 'preact'
import './checkpoint.css'
import { ExportPanel } from './export-panel.tsx'
import { FactsPanel } from './facts-panel.tsx'
import { FoldPanel } from './fold-panel.tsx'
import { IntroPanel } from './intro-panel.tsx'
import { OpenPanel } from './open-panel.tsx'
import { type Opened, opened } from './opened.ts'
import { ProfilePanel } from './profile-panel.tsx'
import { useStaged } from './use-staged.ts'

/** Bring a model: see what it is, watch it fold, time its layers, use it and write it in other formats. */
export default function CheckpointView(): JSX.Element {
  const of = opened.value
  return (
    <div class="checkpoint">
      <OpenPanel />
      {of ? <Panels of={of} /> : <IntroPanel />}
    </div>
  )
}

function Panels({ of }: { readonly of: Opened }): JSX.Element {
  const shown = useStaged(4, of)
  return (
    <>
      <div class="columns">
        {shown > 0 && <FactsPanel of={of} />}
        {shown > 1 && <ExportPanel of={of} />}
      </div>
      {shown > 2 && of.facts.blocks.length > 0 && <FoldPanel facts={of.facts} />}
      {shown > 3 && <ProfilePanel />}
    </>
  )
}

/** @jsxImportSource preact */
import type { JSX } from 'preact'
import { DataSection } from './data-section.tsx'
import { FoldSection } from './fold-section.tsx'
import { ProgressSection } from './progress-section.tsx'
import { SamplesSection } from './samples-section.tsx'
import { SettingsSection } from './settings-section.tsx'
import './train.css'

/** Train a small MobileOne in this tab, with and without its branches. */
export default function TrainView(): JSX.Element {
  return (
    <div class="train">
      <p class="lead">
        Train a small MobileOne from nothing, here in this tab: once with the parallel branches it is known
        for, once without, on the same pictures in the same order. It goes on while you look at other views.
      </p>
      <div class="bench">
        <div class="side">
          <DataSection />
          <SettingsSection />
        </div>
        <div class="side">
          <ProgressSection />
          <SamplesSection />
          <FoldSection />
        </div>
      </div>
    </div>
  )
}

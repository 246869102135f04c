/** @jsxImportSource preact */
import type { JSX } from 'preact'
import './checkpoint.css'
import { DropZone } from '../../ui/drop-zone.tsx'
import { percent } from '../../ui/format.ts'
import { Notice } from '../../ui/notice.tsx'
import { ExportPanel } from './export-panel.tsx'
import { FactsPanel } from './facts-panel.tsx'
import { FoldPanel } from './fold-panel.tsx'
import { checkpoint, closeCheckpoint, openCheckpoint } from './open-checkpoint.ts'
import { ProfilePanel } from './profile-panel.tsx'

/** The visitor's weights: what they are, how they fold, where the time goes, and in other formats. */
export default function CheckpointView(): JSX.Element {
  const state = checkpoint.value
  return (
    <div class="checkpoint">
      <OpenPanel />
      {state.status === 'open' && (
        <>
          <div class="columns">
            <FactsPanel facts={state.facts} />
            <ExportPanel key={state.facts.fileName} />
          </div>
          <FoldPanel key={state.facts.fileName} facts={state.facts} />
          <ProfilePanel />
        </>
      )}
    </div>
  )
}

const endings = '.pth,.pt,.tar,.bin,.safetensors,.onnx,.zip,.mlmodel'
const phases: Readonly<Record<string, string>> = { read: 'Reading', fold: 'Folding' }

function OpenPanel(): JSX.Element {
  const state = checkpoint.value
  const open = (file: File): Promise<void> => openCheckpoint(file, file.name)
  const openEmbedded = async (): Promise<void> => {
    const response = await fetch('./models/fashion-mnist.safetensors').catch(() => undefined)
    const bytes = response?.ok ? await response.blob() : new Blob([])
    await openCheckpoint(bytes, 'fashion-mnist.safetensors')
  }
  return (
    <section class="panel" aria-labelledby="open-title">
      <h2 id="open-title">Bring your own checkpoint</h2>
      <p>
        A network that was trained with branches becomes one without, here in this tab: PyTorch (
        <code>.pth.tar</code>, <code>.pt</code>), safetensors, ONNX or Core ML. The file stays on this device.
      </p>
      {state.status === 'opening' ? (
        <div class="opening">
          <p role="status">
            {phases[state.phase] ?? state.phase} {state.fileName}… {percent(state.fraction, 0)}
          </p>
          <progress
            max={1}
            value={state.phase === 'read' ? state.fraction / 2 : 0.5 + state.fraction / 2}
            aria-label="Progress"
          />
          <div class="row">
            <button type="button" class="quiet" onClick={closeCheckpoint}>
              Cancel
            </button>
          </div>
        </div>
      ) : (
        <DropZone accept={endings} label="Choose a checkpoint" onFiles={([file]) => file && open(file)}>
          <p class="muted">
            or drop it anywhere, or{' '}
            <button type="button" class="link" onClick={openEmbedded}>
              take the one of this page
            </button>{' '}
            (510 kB, Fashion-MNIST, as it was trained)
          </p>
        </DropZone>
      )}
      {state.status === 'failed' && (
        <Notice kind="error" title={`${state.fileName} cannot be opened`}>
          {state.message}
        </Notice>
      )}
    </section>
  )
}

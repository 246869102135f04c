/** @jsxImportSource preact */

import { DropZone } from '@mobileone/site-kit/drop-zone'
import { bytes } from '@mobileone/site-kit/format'
import { Notice } from '@mobileone/site-kit/notice'
import type { JSX } from 'preact'
import { checkpointFile } from '../../state/choice.ts'
import { shortened } from './checkpoint-facts.ts'
import { cancelOpening, failure, type Opening, openEmbedded, opened, openFile, opening } from './opened.ts'

const endings = '.safetensors,.pth,.pt,.tar,.bin,.onnx,.zip,.mlmodel'

/** Takes a file, and says how far reading it is and why it cannot be read. */
export function OpenPanel(): JSX.Element {
  const isOpen = opened.value !== undefined
  const own = checkpointFile.value
  return (
    <>
      <DropZone
        accept={endings}
        label={isOpen ? 'Open another file' : 'Open a checkpoint'}
        onFiles={([file]) => file && openFile(file)}
      >
        <p>
          Or drop one anywhere: <code>.pth.tar</code>, <code>.pt</code>, <code>.safetensors</code>,{' '}
          <code>.onnx</code>, <code>.mlpackage.zip</code>, <code>.mlmodel</code>. It stays on this device.
        </p>
        {!isOpen && (
          <div class="row">
            <button type="button" class="quiet" onClick={openEmbedded}>
              Try the model of this page, as trained (510 kB)
            </button>
            {own && (
              <button type="button" class="quiet" onClick={() => openFile(own)}>
                Open {shortened(own.name, 40)}
              </button>
            )}
          </div>
        )}
      </DropZone>
      {opening.value && <Progress of={opening.value} />}
      {failure.value && (
        <Notice kind="error" title={shortened(failure.value.what, 120)}>
          {failure.value.message}
        </Notice>
      )}
    </>
  )
}

const phases: Readonly<Record<Opening['phase'], string>> = {
  read: 'Reading',
  parse: 'Looking into',
  fold: 'Folding',
}

function Progress({ of }: { readonly of: Opening }): JSX.Element {
  const { name, size, phase, fraction } = of
  return (
    <section class="panel opening" aria-label="Opening a file">
      <div class="row">
        <p role="status">
          {phases[phase]} <strong>{shortened(name, 60)}</strong>
          {size > 0 && `, ${bytes(size)}`}
        </p>
        <button type="button" class="quiet" onClick={cancelOpening}>
          Cancel
        </button>
      </div>
      <progress max={1} value={phase === 'parse' ? undefined : fraction} aria-label={phases[phase]} />
    </section>
  )
}

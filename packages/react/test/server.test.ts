import { readFileSync } from 'node:fs'
import { type CreateClassifier, useCamera, useClassifier } from '@mobileone/react'
import type { ClassifierOptions } from '@mobileone/sdk'
import { createElement, type ReactElement } from 'react'
import { renderToString } from 'react-dom/server'
import { expect, test, vi } from 'vitest'
import { colours } from '../../sdk/test/lifecycle-model.ts'
import { CameraPage } from './camera-example.tsx'
import { PhotoPage } from './photo-example.tsx'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

test.each(['camera-example.tsx', 'photo-example.tsx'])('the README shows %s as it is run', (file) => {
  const text = readFileSync(new URL(file, import.meta.url), 'utf8')
  expect(readme).toContain(`\`\`\`tsx\n${text}\`\`\``)
})

function Statuses({ create }: { create: CreateClassifier<ClassifierOptions> }): ReactElement {
  const { status } = useClassifier({ model: colours, create })
  const { status: camera } = useCamera({ autoStart: true })
  const none = useClassifier(undefined).status
  return createElement('p', {}, `${status} ${camera} ${none}`)
}

test('nothing is done on a server, where no camera and no classifier is', async () => {
  const create = vi.fn()
  expect(renderToString(createElement(Statuses, { create }))).toBe('<p>loading idle idle</p>')
  expect(renderToString(createElement(CameraPage, {}))).toContain('<progress value="0">')
  expect(renderToString(createElement(PhotoPage, {}))).toContain('Choose a photograph')
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(create).not.toHaveBeenCalled()
})

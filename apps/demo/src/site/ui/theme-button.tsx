/** @jsxImportSource preact */
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'

const themes = ['auto', 'light', 'dark'] as const
type Theme = (typeof themes)[number]

/** Goes through the themes: the system's, light, dark. */
export function ThemeButton(): JSX.Element {
  const [theme, setTheme] = useState<Theme>((document.documentElement.dataset.theme as Theme) ?? 'auto')
  const choose = (): void => {
    const next = themes[(themes.indexOf(theme) + 1) % themes.length] as Theme
    setTheme(next)
    if (next === 'auto') delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = next
    try {
      if (next === 'auto') localStorage.removeItem('theme')
      else localStorage.setItem('theme', next)
    } catch {
      // A browser that keeps nothing shows the theme until the page is left.
    }
  }
  return (
    <button
      type="button"
      class="theme plain"
      onClick={choose}
      aria-label={`Theme: ${theme}`}
      title={`Theme: ${theme}`}
    >
      {{ auto: '◐', light: '☀', dark: '☾' }[theme]}
    </button>
  )
}

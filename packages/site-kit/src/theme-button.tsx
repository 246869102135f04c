/** @jsxImportSource preact */
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'

const themes = ['auto', 'light', 'dark'] as const
type Theme = (typeof themes)[number]

const names: Readonly<Record<Theme, string>> = {
  auto: 'as the system',
  light: 'light',
  dark: 'dark',
}

/** Outlines in a box of 24. */
const icons: Readonly<Record<Theme, string>> = {
  auto: 'M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18zM12 3v18M15 4v16M18 6v12',
  light:
    'M12 8a4 4 0 1 0 0 8a4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M4.9 4.9l1.5 1.5M17.6 17.6l1.5 1.5M4.9 19.1l1.5-1.5M17.6 6.4l1.5-1.5',
  dark: 'M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z',
}

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
  const label = `Theme: ${names[theme]}`
  return (
    <button type="button" class="theme plain" onClick={choose} aria-label={label} title={label}>
      <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
        <path d={icons[theme]} />
      </svg>
    </button>
  )
}

// What Gradio gives the program of a component, what the page's scripts leave on the window, and where the browser's own
// declarations know less than the page does.

/** An event of the page comes from one of its elements. */
type OfElement<E> = E & { readonly target: Found & HTMLElement };
interface Found {
  closest<T extends HTMLElement = HTMLElement>(selector: string): T | null;
}

/** The component's own HTML; its template, in Python, holds what its program looks for. */
interface ComponentElement extends HTMLDivElement {
  querySelector<K extends keyof HTMLElementTagNameMap>(selector: K): HTMLElementTagNameMap[K];
  querySelector<T extends Element = HTMLElement>(selector: string): T;
  addEventListener<K extends keyof HTMLElementEventMap>(
    type: K, listener: (event: OfElement<HTMLElementEventMap[K]>) => void, options?: boolean): void;
}
declare const element: ComponentElement;

/** The component's value, as Python made it, and its words. */
declare const props: { value: any; words: any; full?: boolean };
declare function trigger(event: string, data?: Record<string, any>): void;
declare function watch(names: string | string[], callback: () => void): void;

interface Window {
  showPlace(id: string): void;
  openStage(step: string): void;
  switchingTo(set: string | null): void;
  gradio_config?: { app_id: string };
  addEventListener<K extends keyof WindowEventMap>(
    type: K, listener: (event: OfElement<WindowEventMap[K]>) => void, options?: boolean): void;
}
interface Document {
  addEventListener<K extends keyof DocumentEventMap>(
    type: K, listener: (event: OfElement<DocumentEventMap[K]>) => void, options?: boolean): void;
}
interface DocumentEventMap {
  'show-clip': CustomEvent<number>;
  'clip-shown': CustomEvent<{ step: string; id: number | string; drawn?: boolean }>;
  'stage-opened': CustomEvent<string>;
}

/** A browser takes null for "none" here, too. */
declare function clearTimeout(id: number | null): void;

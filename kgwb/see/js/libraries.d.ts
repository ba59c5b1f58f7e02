// The parts we use of what is not ours: a library that a page carries beside our scripts, and the model of a widget.

declare namespace Plotly {
  function newPlot(holder: HTMLElement, data: object[], layout: object, config: object): Promise<unknown>;
  function react(holder: HTMLElement, data: object[], layout: object, config: object): Promise<unknown>;
  function purge(holder: HTMLElement): void;
}

// What anywidget hands to `render`.
interface WidgetModel {
  get(name: string): any;
  set(name: string, value: unknown): void;
  save_changes(): void;
  on(event: string, act: (message?: any, buffers?: any) => void): void;
  off(event: string, act: (message?: any, buffers?: any) => void): void;
}
interface KernelModel extends WidgetModel {
  send(message: object, callbacks?: object, buffers?: ArrayBuffer[]): void;
  widget_manager?: { kernel?: { interrupt?: () => void } };
}

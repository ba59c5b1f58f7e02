// The parts we use of what is not ours: two libraries that a page carries beside our scripts, and the model of a widget.

declare namespace vis {
  interface NodeShape {
    x: number;
    y: number;
    options: { size: number };
  }
  interface EdgeShape {
    edgeType: { getPoint(share: number): { x: number; y: number } };
  }
  class DataSet {
    constructor(rows: object[]);
  }
  class Network {
    constructor(holder: HTMLElement, data: { nodes: DataSet; edges: DataSet }, options: object);
    body: { nodes: Record<number, NodeShape>; edges: Record<number, EdgeShape> };
    on(event: "click", act: (event: { nodes: number[] }) => void): void;
    on(event: "afterDrawing", act: (context: CanvasRenderingContext2D) => void): void;
    setOptions(options: object): void;
    fit(options: { maxZoomLevel: number }): void;
    moveTo(options: { scale: number }): void;
    focus(node: number, options: object): void;
    selectNodes(nodes: number[]): void;
    getSelectedNodes(): number[];
    getScale(): number;
    DOMtoCanvas(point: { x: number; y: number }): { x: number; y: number };
    destroy(): void;
  }
}

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

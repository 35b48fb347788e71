// Points on a plane, drawn by WebGL: a hundred thousand and more, with panning, zooming and finding what lies under the
// pointer. Written here rather than taken from a library: those that are built on regl make code at run time, which the
// content security policy of the page forbids.

export interface Points {
  x: Float32Array;
  y: Float32Array;
  /** Red, green, blue of each, 0..255. */
  colors: Uint8Array;
  /** Diameter of each in CSS pixels. */
  sizes: Float32Array;
}

export interface Camera {
  x: number; // of the middle
  y: number;
  /** CSS pixels per unit. */
  scale: number;
}

const VERTEX = `
attribute vec2 place; attribute vec3 color; attribute float size;
uniform vec2 middle; uniform vec2 zoom; uniform float pixel; uniform float grow;
varying vec3 tint;
void main() {
  gl_Position = vec4((place - middle) * zoom, 0.0, 1.0);
  gl_PointSize = max(1.5, size * grow * pixel);
  tint = color;
}`;
const FRAGMENT = `
precision mediump float; varying vec3 tint; uniform float alpha;
void main() {
  float d = length(gl_PointCoord - 0.5);
  float a = alpha * (1.0 - smoothstep(0.36, 0.5, d));
  if (a < 0.01) discard;
  gl_FragColor = vec4(tint * a, a);
}`;
const CELLS = 256; // a side, of the grid that finds points

function compile(gl: WebGLRenderingContext, type: number, source: string): WebGLShader {
  const shader = gl.createShader(type)!;
  gl.shaderSource(shader, source);
  gl.compileShader(shader);
  if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader) ?? "a shader does not compile");
  return shader;
}

export class PointMap {
  camera: Camera = { x: 0, y: 0, scale: 1 };
  onView: () => void = () => undefined;
  onHover: (index: number | null) => void = () => undefined;
  onClick: (index: number | null) => void = () => undefined;
  /** True where the pointer has taken hold of something of its own: then nothing pans. */
  onGrab: (x: number, y: number) => boolean = () => false;
  onDrag: (x: number, y: number) => void = () => undefined;
  onRelease: () => void = () => undefined;
  frames = 0;

  private readonly gl: WebGLRenderingContext;
  private readonly program: WebGLProgram;
  private readonly buffers: { place: WebGLBuffer; color: WebGLBuffer; size: WebGLBuffer };
  private points: Points | undefined;
  private starts = new Uint32Array(CELLS * CELLS + 1);
  private order = new Uint32Array(0);
  private box = { left: 0, bottom: 0, width: 1, height: 1 };
  private frame = 0;
  private readonly observer: ResizeObserver;
  private readonly controller = new AbortController();

  constructor(private readonly canvas: HTMLCanvasElement) {
    const gl = canvas.getContext("webgl", { antialias: false, premultipliedAlpha: true, preserveDrawingBuffer: true });
    if (!gl) throw new Error("This browser cannot draw the map: it has no WebGL.");
    this.gl = gl;
    this.program = gl.createProgram()!;
    gl.attachShader(this.program, compile(gl, gl.VERTEX_SHADER, VERTEX));
    gl.attachShader(this.program, compile(gl, gl.FRAGMENT_SHADER, FRAGMENT));
    gl.linkProgram(this.program);
    this.buffers = { place: gl.createBuffer()!, color: gl.createBuffer()!, size: gl.createBuffer()! };
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(canvas);
    this.listen();
  }

  destroy(): void {
    this.observer.disconnect();
    this.controller.abort();
    cancelAnimationFrame(this.frame);
  }

  setPoints(points: Points): void {
    const { gl } = this;
    const isNew = this.points?.x !== points.x;
    this.points = points;
    const places = new Float32Array(points.x.length * 2);
    for (let i = 0; i < points.x.length; i++) {
      places[2 * i] = points.x[i]!;
      places[2 * i + 1] = points.y[i]!;
    }
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers.place);
    gl.bufferData(gl.ARRAY_BUFFER, places, gl.STATIC_DRAW);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers.color);
    gl.bufferData(gl.ARRAY_BUFFER, points.colors, gl.STATIC_DRAW);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers.size);
    gl.bufferData(gl.ARRAY_BUFFER, points.sizes, gl.STATIC_DRAW);
    if (isNew) {
      this.index();
      this.fit();
    }
    this.draw();
  }

  /** Shows nearly all points, and those of `also`; a few that lie far out do not shrink the rest. */
  fit(also: [number, number][] = []): void {
    const { points } = this;
    if (!points || points.x.length === 0) return;
    const sample = (values: Float32Array) => {
      const step = Math.max(1, Math.floor(values.length / 5000));
      return Float32Array.from({ length: Math.ceil(values.length / step) }, (_, i) => values[i * step]!).sort();
    };
    const [xs, ys] = [sample(points.x), sample(points.y)];
    const at = (values: Float32Array, q: number) => values[Math.min(values.length - 1, Math.floor(q * values.length))]!;
    const left = Math.min(at(xs, 0.004), ...also.map(([x]) => x));
    const right = Math.max(at(xs, 0.996), ...also.map(([x]) => x));
    const bottom = Math.min(at(ys, 0.004), ...also.map(([, y]) => y));
    const top = Math.max(at(ys, 0.996), ...also.map(([, y]) => y));
    const { width, height } = this.size();
    this.camera = {
      x: (left + right) / 2,
      y: (bottom + top) / 2,
      scale: 0.88 * Math.min(width / Math.max(1e-9, right - left), height / Math.max(1e-9, top - bottom)),
    };
    this.draw();
  }

  zoomBy(factor: number, px?: number, py?: number): void {
    const { width, height } = this.size();
    const [ax, ay] = [px ?? width / 2, py ?? height / 2];
    const before = this.toData(ax, ay);
    this.camera = { ...this.camera, scale: this.camera.scale * factor };
    const after = this.toData(ax, ay);
    this.camera.x += before[0] - after[0];
    this.camera.y += before[1] - after[1];
    this.draw();
  }

  panBy(dx: number, dy: number): void {
    this.camera = { ...this.camera, x: this.camera.x - dx / this.camera.scale, y: this.camera.y + dy / this.camera.scale };
    this.draw();
  }

  toScreen(x: number, y: number): [number, number] {
    const { width, height } = this.size();
    return [width / 2 + (x - this.camera.x) * this.camera.scale, height / 2 - (y - this.camera.y) * this.camera.scale];
  }
  toData(px: number, py: number): [number, number] {
    const { width, height } = this.size();
    return [this.camera.x + (px - width / 2) / this.camera.scale, this.camera.y - (py - height / 2) / this.camera.scale];
  }

  /** The point nearest to a place on the screen, at most `radius` pixels away. */
  pick(px: number, py: number, radius = 12): number | null {
    const { points, box } = this;
    if (!points) return null;
    const [x, y] = this.toData(px, py);
    const reach = radius / this.camera.scale;
    const column = (value: number) => Math.max(0, Math.min(CELLS - 1, Math.floor(((value - box.left) / box.width) * CELLS)));
    const row = (value: number) => Math.max(0, Math.min(CELLS - 1, Math.floor(((value - box.bottom) / box.height) * CELLS)));
    let best: number | null = null;
    let least = reach * reach;
    for (let r = row(y - reach); r <= row(y + reach); r++) {
      for (let c = column(x - reach); c <= column(x + reach); c++) {
        const cell = r * CELLS + c;
        for (let k = this.starts[cell]!; k < this.starts[cell + 1]!; k++) {
          const i = this.order[k]!;
          const distance = (points.x[i]! - x) ** 2 + (points.y[i]! - y) ** 2;
          if (distance < least) {
            least = distance;
            best = i;
          }
        }
      }
    }
    return best;
  }

  draw(): void {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.paint();
    });
  }

  private size(): { width: number; height: number } {
    return { width: this.canvas.clientWidth || 1, height: this.canvas.clientHeight || 1 };
  }

  // A grid of cells, each with its points: counting sort.
  private index(): void {
    const { x, y } = this.points!;
    let [left, right, bottom, top] = [Infinity, -Infinity, Infinity, -Infinity];
    for (let i = 0; i < x.length; i++) {
      left = Math.min(left, x[i]!);
      right = Math.max(right, x[i]!);
      bottom = Math.min(bottom, y[i]!);
      top = Math.max(top, y[i]!);
    }
    this.box = { left, bottom, width: Math.max(1e-9, right - left), height: Math.max(1e-9, top - bottom) };
    const cellOf = (i: number) => {
      const c = Math.min(CELLS - 1, Math.floor(((x[i]! - this.box.left) / this.box.width) * CELLS));
      const r = Math.min(CELLS - 1, Math.floor(((y[i]! - this.box.bottom) / this.box.height) * CELLS));
      return r * CELLS + c;
    };
    this.starts = new Uint32Array(CELLS * CELLS + 1);
    for (let i = 0; i < x.length; i++) this.starts[cellOf(i) + 1]!++;
    for (let cell = 0; cell < CELLS * CELLS; cell++) this.starts[cell + 1]! += this.starts[cell]!;
    const next = this.starts.slice();
    this.order = new Uint32Array(x.length);
    for (let i = 0; i < x.length; i++) this.order[next[cellOf(i)]!++] = i;
  }

  private paint(): void {
    const { gl, points, canvas } = this;
    const { width, height } = this.size();
    const ratio = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    if (points && points.x.length > 0) {
      gl.useProgram(this.program);
      gl.enable(gl.BLEND);
      gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
      this.bind("place", this.buffers.place, 2, gl.FLOAT, false);
      this.bind("color", this.buffers.color, 3, gl.UNSIGNED_BYTE, true);
      this.bind("size", this.buffers.size, 1, gl.FLOAT, false);
      const at = (name: string) => gl.getUniformLocation(this.program, name);
      gl.uniform2f(at("middle"), this.camera.x, this.camera.y);
      gl.uniform2f(at("zoom"), (2 * this.camera.scale) / width, (2 * this.camera.scale) / height);
      gl.uniform1f(at("pixel"), ratio);
      gl.uniform1f(at("grow"), points.x.length > 30_000 ? 0.55 : points.x.length > 8_000 ? 0.75 : 1);
      gl.uniform1f(at("alpha"), points.x.length > 30_000 ? 0.6 : 0.8);
      gl.drawArrays(gl.POINTS, 0, points.x.length);
    }
    this.frames++;
    this.onView();
  }

  private bind(name: string, buffer: WebGLBuffer, size: number, type: number, isNormalized: boolean): void {
    const { gl } = this;
    const at = gl.getAttribLocation(this.program, name);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.enableVertexAttribArray(at);
    gl.vertexAttribPointer(at, size, type, isNormalized, 0, 0);
  }

  private listen(): void {
    const { canvas } = this;
    const options = { signal: this.controller.signal };
    const held = new Map<number, [number, number]>();
    let grabbed = false;
    let moved = 0;
    const place = (event: PointerEvent): [number, number] => {
      const box = canvas.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    canvas.addEventListener("pointerdown", (event) => {
      const [x, y] = place(event);
      canvas.setPointerCapture(event.pointerId);
      held.set(event.pointerId, [x, y]);
      moved = 0;
      if (held.size === 1) grabbed = this.onGrab(x, y);
    }, options);
    canvas.addEventListener("pointermove", (event) => {
      const [x, y] = place(event);
      const before = held.get(event.pointerId);
      if (!before) {
        this.onHover(this.pick(x, y));
        return;
      }
      moved += Math.abs(x - before[0]) + Math.abs(y - before[1]);
      if (grabbed) {
        this.onDrag(x, y);
      } else if (held.size === 2) {
        const other = [...held].find(([id]) => id !== event.pointerId)![1];
        const length = (p: [number, number]) => Math.hypot(p[0] - other[0], p[1] - other[1]);
        this.zoomBy(length([x, y]) / Math.max(1, length(before)), other[0], other[1]);
      } else {
        this.panBy(x - before[0], y - before[1]);
      }
      held.set(event.pointerId, [x, y]);
    }, options);
    const release = (event: PointerEvent) => {
      if (!held.delete(event.pointerId)) return;
      if (grabbed) {
        grabbed = false;
        this.onRelease();
      } else if (event.type === "pointerup" && moved < 5) {
        this.onClick(this.pick(...place(event)));
      }
    };
    canvas.addEventListener("pointerup", release, options);
    canvas.addEventListener("pointercancel", release, options);
    canvas.addEventListener("pointerleave", () => held.size === 0 && this.onHover(null), options);
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      const box = canvas.getBoundingClientRect();
      this.zoomBy(Math.exp(-event.deltaY * 0.0016), event.clientX - box.left, event.clientY - box.top);
    }, { ...options, passive: false });
    canvas.addEventListener("keydown", (event) => {
      const steps: Record<string, () => void> = {
        ArrowLeft: () => this.panBy(60, 0),
        ArrowRight: () => this.panBy(-60, 0),
        ArrowUp: () => this.panBy(0, 60),
        ArrowDown: () => this.panBy(0, -60),
        "+": () => this.zoomBy(1.25),
        "=": () => this.zoomBy(1.25),
        "-": () => this.zoomBy(0.8),
        "0": () => this.fit(),
      };
      const step = steps[event.key];
      if (!step) return;
      event.preventDefault();
      step();
    }, options);
  }
}

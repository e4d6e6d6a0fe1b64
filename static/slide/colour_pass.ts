import { isNeutral, type Adjustment } from './adjustment';

/** Entries along each side of the look-up table, as the server makes it. */
export const LUT_SIDE = 33;

const VERTEX = `#version 300 es
out vec2 place;
void main() {
  // One triangle over everything.
  place = vec2(gl_VertexID == 1 ? 2.0 : 0.0, gl_VertexID == 2 ? 2.0 : 0.0);
  gl_Position = vec4(place * 2.0 - 1.0, 0.0, 1.0);
}`;

const FRAGMENT = `#version 300 es
precision highp float;
precision highp sampler3D;
uniform sampler2D picture;
uniform sampler3D table;
uniform bool usesTable;
uniform vec3 adjustment;
in vec2 place;
out vec4 shown;

vec3 cell(ivec3 at) { return texelFetch(table, at, 0).rgb; }

// Tetrahedral, as colour management does it: greys stay on the table's own diagonal.
vec3 profiled(vec3 colour) {
  vec3 at = colour * ${(LUT_SIDE - 1).toFixed(1)};
  ivec3 low = ivec3(min(floor(at), vec3(${(LUT_SIDE - 2).toFixed(1)})));
  vec3 part = at - vec3(low);
  ivec3 first = part.r >= part.g ? (part.r >= part.b ? ivec3(1, 0, 0) : ivec3(0, 0, 1)) : (part.g >= part.b ? ivec3(0, 1, 0) : ivec3(0, 0, 1));
  ivec3 last = part.b < part.g ? (part.b < part.r ? ivec3(0, 0, 1) : ivec3(1, 0, 0)) : (part.g < part.r ? ivec3(0, 1, 0) : ivec3(1, 0, 0));
  float high = max(part.r, max(part.g, part.b));
  float least = min(part.r, min(part.g, part.b));
  float middle = part.r + part.g + part.b - high - least;
  return cell(low) * (1.0 - high) + cell(low + first) * (high - middle) + cell(low + ivec3(1) - last) * (middle - least) + cell(low + ivec3(1)) * least;
}

void main() {
  vec4 found = texture(picture, vec2(place.x, 1.0 - place.y));
  if (found.a == 0.0) { shown = vec4(0.0); return; }
  vec3 colour = found.rgb / found.a;
  if (usesTable) colour = profiled(colour);
  colour = (pow(colour, vec3(1.0 / adjustment.z)) - 0.5) * adjustment.y + 0.5 + adjustment.x;
  shown = vec4(clamp(colour, 0.0, 1.0) * found.a, found.a);
}`;

/**
 * Shows a picture through a colour table and an adjustment, on a canvas of its own above it.
 *
 * Only the screen is touched: tiles in memory stay as they came. While nothing is to be changed the canvas is hidden and costs
 * nothing, so that a slide without a profile is drawn exactly as before.
 */
export class ColourPass {
  readonly #canvas: HTMLCanvasElement;
  readonly #gl: WebGL2RenderingContext;
  #program: WebGLProgram | null;
  #table: Uint8Array | null = null;
  #adjustment: Adjustment | null = null;

  /** @returns null where the browser has no WebGL 2. */
  static on(canvas: HTMLCanvasElement): ColourPass | null {
    const gl = canvas.getContext('webgl2', { alpha: true, premultipliedAlpha: true, antialias: false, depth: false, preserveDrawingBuffer: true });
    const program = gl && linked(gl);
    return gl && program ? new ColourPass(canvas, gl, program) : null;
  }

  private constructor(canvas: HTMLCanvasElement, gl: WebGL2RenderingContext, program: WebGLProgram) {
    this.#canvas = canvas;
    this.#gl = gl;
    this.#program = program;
    this.#prepare(program);
    canvas.hidden = true;
    // After a reset of the graphics driver the picture is shown as stored until the pass is made anew.
    canvas.addEventListener('webglcontextlost', (event) => {
      event.preventDefault();
      this.#program = null;
      canvas.hidden = true;
    });
    canvas.addEventListener('webglcontextrestored', () => {
      this.#program = linked(gl);
      if (!this.#program) return;
      this.#prepare(this.#program);
      this.setTable(this.#table);
    });
  }

  #prepare(program: WebGLProgram): void {
    const gl = this.#gl;
    gl.useProgram(program);
    gl.uniform1i(gl.getUniformLocation(program, 'picture'), 0);
    gl.uniform1i(gl.getUniformLocation(program, 'table'), 1);
    gl.activeTexture(gl.TEXTURE1);
    gl.bindTexture(gl.TEXTURE_3D, gl.createTexture());
    for (const [name, value] of [[gl.TEXTURE_MIN_FILTER, gl.NEAREST], [gl.TEXTURE_MAG_FILTER, gl.NEAREST]] as const) gl.texParameteri(gl.TEXTURE_3D, name, value);
    // Complete from the start: a sampler without a texture is an error even where it is not used.
    gl.texImage3D(gl.TEXTURE_3D, 0, gl.RGB8, 1, 1, 1, 0, gl.RGB, gl.UNSIGNED_BYTE, new Uint8Array(3));
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    for (const [name, value] of [
      [gl.TEXTURE_MIN_FILTER, gl.NEAREST],
      [gl.TEXTURE_MAG_FILTER, gl.NEAREST],
      [gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE],
      [gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE],
    ] as const) gl.texParameteri(gl.TEXTURE_2D, name, value);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, true);
  }

  /** @param rgb LUT_SIDE³ triples, red changing fastest; null for none. */
  setTable(rgb: Uint8Array | null): void {
    const gl = this.#gl;
    this.#table = rgb?.length === LUT_SIDE ** 3 * 3 ? rgb : null;
    if (!this.#table || !this.#program) return;
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false);
    gl.activeTexture(gl.TEXTURE1);
    gl.texImage3D(gl.TEXTURE_3D, 0, gl.RGB8, LUT_SIDE, LUT_SIDE, LUT_SIDE, 0, gl.RGB, gl.UNSIGNED_BYTE, this.#table);
    gl.activeTexture(gl.TEXTURE0);
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, true);
  }

  setAdjustment(adjustment: Adjustment): void {
    this.#adjustment = adjustment;
  }

  get isActive(): boolean {
    const adjustment = this.#adjustment;
    return this.#program !== null && adjustment !== null && (!isNeutral(adjustment) || (this.#table !== null && adjustment.usesProfile));
  }

  get canvas(): HTMLCanvasElement {
    return this.#canvas;
  }

  render(picture: HTMLCanvasElement): void {
    const { isActive } = this;
    if (this.#canvas.hidden === isActive) this.#canvas.hidden = !isActive;
    if (!isActive || !this.#adjustment || !this.#program || picture.width === 0 || picture.height === 0) return;
    const gl = this.#gl;
    if (this.#canvas.width !== picture.width) this.#canvas.width = picture.width;
    if (this.#canvas.height !== picture.height) this.#canvas.height = picture.height;
    const { brightness, contrast, gamma, usesProfile } = this.#adjustment;
    gl.viewport(0, 0, picture.width, picture.height);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, gl.RGBA, gl.UNSIGNED_BYTE, picture);
    gl.uniform1i(gl.getUniformLocation(this.#program, 'usesTable'), this.#table && usesProfile ? 1 : 0);
    gl.uniform3f(gl.getUniformLocation(this.#program, 'adjustment'), brightness, contrast, gamma);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  destroy(): void {
    this.#gl.getExtension('WEBGL_lose_context')?.loseContext();
  }
}

function linked(gl: WebGL2RenderingContext): WebGLProgram | null {
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]] as const) {
    const shader = gl.createShader(kind);
    if (!shader) return null;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  return gl.getProgramParameter(program, gl.LINK_STATUS) ? program : null;
}

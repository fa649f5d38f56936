// Draws the photograph, the mask over it and the strokes that Python has not seen yet. The strokes are kept here until
// `acknowledged` covers them, so that none is lost while a script runs, and none flickers.

const editors = new WeakMap();
const COLOURS = { keep: "rgba(0, 158, 115, 0.65)", remove: "rgba(213, 94, 0, 0.65)", box: "rgba(255, 255, 255, 0.95)" };
const SMALLEST_STEP = 0.002; // of the picture's width
const SMALLEST_BOX = 0.02;

function createEditor(root) {
  const stage = root.querySelector(".stage");
  const photo = root.querySelector(".photo");
  const overlay = root.querySelector(".overlay");
  const canvas = root.querySelector("canvas");
  const state = { pending: [], drawing: null, hover: null, lastId: 0, data: null, send: () => {} };

  const at = (event) => {
    const frame = canvas.getBoundingClientRect();
    const clip = (value) => Math.min(1, Math.max(0, value));
    return [clip((event.clientX - frame.left) / frame.width), clip((event.clientY - frame.top) / frame.height)];
  };

  const redraw = () => {
    const ratio = window.devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * ratio);
    const height = Math.round(canvas.clientHeight * ratio);
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, width, height);
    for (const stroke of [...state.pending, ...(state.drawing ? [state.drawing] : [])]) {
      drawStroke(context, stroke, width, height);
    }
    if (state.hover && state.data?.tool && state.data.tool !== "box") {
      context.beginPath();
      context.arc(state.hover[0] * width, state.hover[1] * height, (state.data.brush * width) / 2, 0, 2 * Math.PI);
      outline(context, ratio);
    }
  };

  const finish = (event) => {
    const stroke = state.drawing;
    if (!stroke || event.pointerId !== stroke.pointer) return;
    state.drawing = null;
    delete stroke.pointer;
    const [first, last] = [stroke.points[0], stroke.points.at(-1)];
    const tooSmall = Math.abs(first[0] - last[0]) < SMALLEST_BOX || Math.abs(first[1] - last[1]) < SMALLEST_BOX;
    if (event.type !== "pointercancel" && !(stroke.tool === "box" && tooSmall)) {
      state.lastId += 1;
      state.pending.push({ ...stroke, id: state.lastId });
      state.send(state.pending);
    }
    redraw();
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (!state.data?.tool || !event.isPrimary || event.button !== 0) return;
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    const { tool, brush } = state.data;
    state.drawing = { tool, width: brush, points: [at(event)], pointer: event.pointerId };
    redraw();
  });
  canvas.addEventListener("pointermove", (event) => {
    state.hover = event.pointerType === "touch" ? null : at(event);
    const stroke = state.drawing;
    if (stroke && event.pointerId === stroke.pointer) {
      const events = event.getCoalescedEvents?.() ?? [];
      for (const point of (events.length ? events : [event]).map(at)) {
        if (stroke.tool === "box") {
          stroke.points = [stroke.points[0], point];
        } else if (Math.hypot(point[0] - stroke.points.at(-1)[0], point[1] - stroke.points.at(-1)[1]) > SMALLEST_STEP) {
          stroke.points.push(point);
        }
      }
    }
    redraw();
  });
  canvas.addEventListener("pointerup", finish);
  canvas.addEventListener("pointercancel", finish);
  canvas.addEventListener("pointerleave", () => {
    state.hover = null;
    redraw();
  });
  const resizes = new ResizeObserver(redraw);
  resizes.observe(canvas);

  const update = (data, send) => {
    state.data = data;
    state.send = send;
    state.lastId = Math.max(state.lastId, data.acknowledged);
    stage.style.setProperty("--aspect", data.aspect);
    canvas.setAttribute("aria-label", data.label);
    // Without a tool a finger on the picture scrolls the page; with one it draws.
    canvas.style.touchAction = data.tool ? "none" : "auto";
    canvas.style.cursor = data.tool ? "crosshair" : "default";
    if (photo.getAttribute("src") !== data.photo) photo.src = data.photo;
    const settle = () => {
      state.pending = state.pending.filter((stroke) => stroke.id > data.acknowledged);
      redraw();
    };
    if (overlay.getAttribute("src") === data.overlay) {
      settle();
    } else {
      overlay.src = data.overlay;
      // A stroke goes when the mask that contains it can be seen.
      overlay.decode().then(settle, settle);
    }
  };
  return { update, dispose: () => resizes.disconnect() };
}

function drawStroke(context, stroke, width, height) {
  const points = stroke.points.map(([x, y]) => [x * width, y * height]);
  const last = points.at(-1);
  context.beginPath();
  if (stroke.tool === "box") {
    context.rect(points[0][0], points[0][1], last[0] - points[0][0], last[1] - points[0][1]);
    outline(context, window.devicePixelRatio || 1);
    return;
  }
  context.moveTo(...points[0]);
  points.forEach((point) => context.lineTo(...point));
  context.lineTo(last[0] + 0.01, last[1]); // a tap is a dot
  Object.assign(context, { lineCap: "round", lineJoin: "round", lineWidth: stroke.width * width });
  context.strokeStyle = COLOURS[stroke.tool];
  context.stroke();
}

function outline(context, ratio) {
  for (const [colour, width] of [["rgba(0, 0, 0, 0.7)", 4], [COLOURS.box, 2]]) {
    context.strokeStyle = colour;
    context.lineWidth = width * ratio;
    context.stroke();
  }
}

export default function ({ data, parentElement, setStateValue }) {
  let editor = editors.get(parentElement);
  if (!editor) {
    editor = createEditor(parentElement);
    editors.set(parentElement, editor);
  }
  editor.update(data, (strokes) => setStateValue("strokes", strokes.slice()));
  return () => {
    editors.get(parentElement)?.dispose();
    editors.delete(parentElement);
  };
}

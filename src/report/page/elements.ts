/// <reference lib="dom" />
/** Elements and form controls. Text goes in as text nodes, never as markup. */

type Child = Node | string;

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string | boolean>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** The element with this id, which the page is made with. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no element #${id}`);
  return found;
}

export interface Option {
  readonly value: string;
  readonly text: string;
}

export interface Select {
  readonly element: HTMLElement;
  readonly value: string;
  /** Replaces the options; the value stays where it is still one of them. Hidden with fewer than two. */
  setOptions(options: readonly Option[], value?: string): void;
}

let selects = 0;

export function select(label: string, onChange: () => void): Select {
  const id = `select-${++selects}`;
  const input = element("select", { id });
  const name = element("label", { for: id }, label);
  const whole = element("span", { class: "control" }, name, input);
  input.addEventListener("change", onChange);
  return {
    element: whole,
    get value() {
      return input.value;
    },
    setOptions(options, value) {
      const wanted = value ?? input.value;
      input.replaceChildren(...options.map((o) => element("option", { value: o.value }, o.text)));
      if (options.some((o) => o.value === wanted)) input.value = wanted;
      whole.hidden = options.length < 2;
    },
  };
}

export interface CheckBox {
  readonly element: HTMLElement;
  checked: boolean;
}

export function checkBox(
  label: string,
  checked: boolean,
  onChange: () => void,
  swatch?: Node,
): CheckBox {
  const input = element("input", { type: "checkbox", checked });
  input.addEventListener("change", onChange);
  const children = swatch === undefined ? [input, label] : [input, swatch, label];
  return {
    element: element("label", { class: "check" }, ...children),
    get checked() {
      return input.checked;
    },
    set checked(value) {
      input.checked = value;
    },
  };
}

export interface Choice {
  readonly key: string;
  readonly label: string;
  readonly swatch?: Node;
}

/** Check boxes under a heading; with more than six also two buttons that set them all. */
export function checkList(
  legend: string,
  choices: readonly Choice[],
  isChecked: (key: string) => boolean,
  onChange: (key: string, checked: boolean) => void,
): HTMLElement {
  const boxes = choices.map(({ key, label, swatch }) => {
    const box = checkBox(label, isChecked(key), () => onChange(key, box.checked), swatch);
    return box;
  });
  const setAll = (checked: boolean) => () => {
    boxes.forEach((box, i) => {
      if (box.checked === checked) return;
      box.checked = checked;
      onChange(choices[i].key, checked);
    });
  };
  const buttons = [
    ["all", true],
    ["none", false],
  ] as const;
  return element(
    "fieldset",
    { class: "checks" },
    element("legend", {}, legend),
    element("div", { class: "boxes" }, ...boxes.map((box) => box.element)),
    ...(choices.length <= 6
      ? []
      : buttons.map(([name, checked]) => {
          const button = element("button", { type: "button", class: "small" }, name);
          button.setAttribute("aria-label", `${legend}: ${name}`);
          button.addEventListener("click", setAll(checked));
          return button;
        })),
  );
}

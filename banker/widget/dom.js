// Creates elements without HTML strings, so that `require-trusted-types-for 'script'` is satisfied.

/** An element with attributes (`true` sets an empty one, `false` and null none) and children. */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== false && value !== null) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/* The print view opens the printer by itself; without scripts the page says where to find it. */
window.addEventListener("load", function () { window.print(); });

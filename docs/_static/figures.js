// Draws each figure where its data stand, with the plotly that lies beside this file.
document.addEventListener("DOMContentLoaded", () => {
  for (const script of document.querySelectorAll("script.novamodel-figure-data")) {
    const figure = JSON.parse(script.textContent);
    const place = document.createElement("div");
    place.className = "novamodel-figure";
    script.after(place);
    Plotly.newPlot(place, figure.data, figure.layout, { responsive: true, displaylogo: false });
  }
});

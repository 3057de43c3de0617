// Ties the pictures to the player: the line follows the song, a click on a picture moves the song there.
() => {
  const player = () => {
    const within = (root) => {
      for (const element of root.querySelectorAll("*")) {
        if (element.tagName === "AUDIO" && element.currentSrc) return element;
        const found = element.shadowRoot && within(element.shadowRoot);
        if (found) return found;
      }
      return null;
    };
    const place = document.querySelector("#song");
    return place && within(place);
  };
  document.addEventListener("click", (event) => {
    const picture = event.target.closest(".g-time, .g-lane");
    const sound = picture && player();
    if (!sound) return;
    const box = picture.getBoundingClientRect();
    const seconds = Number(picture.closest(".g-result").dataset.seconds);
    sound.currentTime = Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) * seconds;
    if (sound.paused) sound.play();
  });
  const follow = () => {
    const head = document.querySelector(".g-head");
    const sound = head && player();
    if (sound) {
      const seconds = Number(head.closest(".g-result").dataset.seconds);
      head.hidden = sound.currentTime === 0;
      head.style.left = `${(100 * sound.currentTime) / seconds}%`;
    }
    setTimeout(() => requestAnimationFrame(follow), 60);
  };
  follow();
}

// A night at a lake, drawn on a canvas: what the comments fly over.

const random = (seed) => {
    const value = Math.sin(seed * 127.1) * 43_758.5453;
    return value - Math.floor(value);
};
const stars = Array.from({ length: 90 }, (_, at) => ({
    x: random(at + 1), y: random(at + 101) * 0.55, size: 0.5 + random(at + 201), pace: 0.5 + random(at + 301) * 2,
}));
const ridge = (x, seed) => Math.sin(x * 3.1 + seed) * 0.5 + Math.sin(x * 7.3 + seed * 2) * 0.3 + Math.sin(x * 17 + seed) * 0.12;

/** Draws the scene as it is after so many milliseconds. */
export function draw(canvas, time) {
    const scale = Math.min(2, devicePixelRatio);
    const [width, height] = [canvas.clientWidth * scale, canvas.clientHeight * scale].map(Math.round);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const context = canvas.getContext('2d');
    const shore = height * 0.68;
    const seconds = time / 1000;

    const sky = context.createLinearGradient(0, 0, 0, shore);
    sky.addColorStop(0, '#0b1026');
    sky.addColorStop(0.6, '#23305e');
    sky.addColorStop(1, '#7d5a78');
    context.fillStyle = sky;
    context.fillRect(0, 0, width, shore);

    context.fillStyle = '#fff';
    for (const { x, y, size, pace } of stars) {
        context.globalAlpha = 0.35 + 0.5 * Math.abs(Math.sin(seconds * pace * 0.5 + x * 40));
        context.fillRect(x * width, y * height, size * scale, size * scale);
    }
    context.globalAlpha = 1;

    aurora(context, width, height, seconds);

    const moon = { x: width * 0.78, y: height * 0.2, radius: height * 0.055 };
    context.fillStyle = '#fdf3d0';
    context.beginPath();
    context.arc(moon.x, moon.y, moon.radius, 0, Math.PI * 2);
    context.fill();

    for (const [depth, colour] of [[0.16, '#2a2c50'], [0.09, '#1a1d3a']]) {
        context.fillStyle = colour;
        context.beginPath();
        context.moveTo(0, shore);
        for (let x = 0; x <= 100; x += 1) {
            context.lineTo(x / 100 * width, shore - height * depth * (1 + 0.6 * ridge(x / 25, depth * 60)));
        }
        context.lineTo(width, shore);
        context.fill();
    }

    const water = context.createLinearGradient(0, shore, 0, height);
    water.addColorStop(0, '#4a4468');
    water.addColorStop(1, '#0a0e22');
    context.fillStyle = water;
    context.fillRect(0, shore, width, height - shore);
    context.fillStyle = '#fdf3d0';
    for (let line = 0; line < 16; line += 1) {
        const y = shore + (height - shore) * (line / 16) ** 1.3 + 4 * scale;
        const sway = Math.sin(seconds * 1.1 + line * 1.7) * (4 + line * 1.6) * scale;
        const length = (14 + line * 4 + 10 * Math.sin(seconds * 1.7 + line)) * scale;
        context.globalAlpha = 0.5 - line * 0.025;
        context.fillRect(moon.x + sway - length / 2, y, length, 1.6 * scale);
    }
    context.globalAlpha = 1;
}

function aurora(context, width, height, seconds) {
    context.save();
    context.globalCompositeOperation = 'lighter';
    for (const [number, colour] of ['64, 224, 170', '90, 120, 255'].entries()) {
        for (let step = 0; step < 44; step += 1) {
            const x = step / 43;
            const wave = Math.sin(x * 5 + seconds * 0.3 + number * 2) + Math.sin(x * 11 - seconds * 0.2);
            const top = height * (0.16 + 0.05 * number + 0.05 * wave);
            const glow = context.createLinearGradient(0, top, 0, top + height * 0.28);
            glow.addColorStop(0, `rgba(${colour}, 0)`);
            glow.addColorStop(0.35, `rgba(${colour}, ${0.07 + 0.035 * wave})`);
            glow.addColorStop(1, `rgba(${colour}, 0)`);
            context.fillStyle = glow;
            context.fillRect(x * width - width / 43, top, width / 21, height * 0.28);
        }
    }
    context.restore();
}

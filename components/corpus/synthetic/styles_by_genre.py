"""The ten genres' rules, one block each; :mod:`components.corpus.synthetic.styles` says what the words mean."""

from __future__ import annotations

from components.corpus.synthetic.styles import Bass, Chords, Drums, Feel, Lead, Sound, Style

_MAJOR, _MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)
_PENTATONIC, _BLUES, _PHRYGIAN = (0, 2, 4, 7, 9), (0, 3, 5, 6, 7, 10), (0, 1, 3, 5, 7, 8, 10)

STYLES: dict[str, Style] = {
    "blues": Style(
        feel=Feel(tempo=(62, 118), swing=0.3),
        drums=Drums(
            patterns={"kick": "x.......x.o.....", "snare": "....x.......x...", "hat": "x.x.x.x.x.x.x.x."},
            heavy=0.45,
            level=0.5,
        ),
        bass=Bass(
            voices=("finger_bass",),
            rhythms=("x...x...x...x...", "x..xx..xx..xx..x"),
            steps=(0, 4, 7, 9),
            length=0.9,
            level=0.6,
        ),
        chords=Chords(
            voices=("clean_guitar", "piano", "organ"),
            rhythms=("x...x.x.x...x.x.", "..x...x...x...x.", "x.....o.x......."),
            progressions=("I7 I7 IV7 IV7 I7 V7", "I7 IV7 I7 V7 IV7 I7"),
            length=0.9,
            level=0.45,
            drive=0.15,
        ),
        lead=Lead(
            voices=("driven_guitar", "clean_guitar", "singer"),
            scale=_BLUES,
            density=0.32,
            level=0.5,
            drive=0.3,
        ),
        sound=Sound(room=0.2, brightness=0.4, squeeze=1.4),
        neighbours=("jazz", "rock", "country"),
    ),
    "classical": Style(
        feel=Feel(tempo=(60, 140), swing=0.0),
        drums=None,
        bass=Bass(
            voices=("cello",),
            rhythms=("x.......x.......", "x...............", "x...x...x...x..."),
            steps=(0, 7),
            length=1.0,
            level=0.4,
        ),
        chords=Chords(
            voices=("strings", "piano", "strings"),
            rhythms=("x...............", "x.x.x.x.x.x.x.x.", "x.......x......."),
            progressions=("I IV V I", "i iv V i", "I vi ii V"),
            length=1.0,
            level=0.45,
            broken=True,
        ),
        lead=Lead(voices=("violin", "flute", "piano"), scale=_MAJOR, density=0.35, level=0.5, octave=1),
        sound=Sound(room=0.8, brightness=0.35, squeeze=0.6),
        neighbours=("jazz", "country"),
    ),
    "country": Style(
        feel=Feel(tempo=(86, 150), swing=0.05),
        drums=Drums(
            patterns={"kick": "x.......x.......", "snare": "....x.......x...", "shaker": "x.x.x.x.x.x.x.x."},
            heavy=0.15,
            level=0.4,
        ),
        bass=Bass(
            voices=("upright_bass",),
            rhythms=("x.......x.......",),
            steps=(0, 7),
            length=0.8,
            level=0.6,
        ),
        chords=Chords(
            voices=("acoustic_guitar",),
            rhythms=("x...x.x.x...x.x.", "..x.x.x...x.x.x.", "x.xxx.xxx.xxx.xx"),
            progressions=("I IV I V", "I I IV V"),
            length=0.8,
            level=0.6,
        ),
        lead=Lead(voices=("steel_guitar", "violin", "singer"), scale=_PENTATONIC, density=0.25, level=0.5),
        sound=Sound(room=0.2, brightness=0.8, squeeze=1.5),
        neighbours=("rock", "blues", "pop"),
    ),
    "disco": Style(
        feel=Feel(tempo=(106, 130), swing=0.0),
        drums=Drums(
            patterns={
                "kick": "x...x...x...x...",
                "snare": "....x.......x...",
                "open_hat": "..x...x...x...x.",
                "hat": "x.oxx.oxx.oxx.ox",
            },
            heavy=0.6,
            level=0.6,
        ),
        bass=Bass(
            voices=("finger_bass", "picked_bass"),
            rhythms=("x.x.x.x.x.x.x.x.", "x..xx.x.x..xx.x."),
            steps=(0, 12),
            length=0.7,
            level=0.6,
        ),
        chords=Chords(
            voices=("strings", "clean_guitar", "electric_piano"),
            rhythms=("x...............", "x.xx.xx.x.xx.xx.", "..x...x...x...x."),
            progressions=("i7 IV7 i7 bVIImaj7", "i7 bVImaj7 bVII7 i7"),
            length=0.7,
            level=0.5,
        ),
        lead=Lead(voices=("strings", "singer", "trumpet"), scale=_MINOR, density=0.25, level=0.4, octave=1),
        sound=Sound(room=0.35, brightness=0.8, squeeze=2.0),
        neighbours=("pop", "hiphop"),
    ),
    "hiphop": Style(
        feel=Feel(tempo=(78, 106), swing=0.1),
        drums=Drums(
            patterns={"kick": "x..o..x...x.....", "snare": "....x.......x...", "hat": "x.x.x.x.x.xox.x."},
            heavy=0.9,
            level=0.8,
        ),
        bass=Bass(
            voices=("sub_bass", "finger_bass"),
            rhythms=("x.....x...x.....", "x..x......x....."),
            steps=(0,),
            length=1.0,
            level=0.8,
        ),
        chords=Chords(
            voices=("electric_piano", "pad", "strings"),
            rhythms=("x...............", "x.....x.........", "x...x...x...x..."),
            progressions=("i7 bVImaj7 i7 bVImaj7", "i i iv iv"),
            length=0.9,
            level=0.3,
        ),
        lead=Lead(voices=("speaker",), scale=_MINOR, density=0.6, level=0.55, octave=-1),
        sound=Sound(room=0.1, brightness=0.6, squeeze=2.2),
        neighbours=("reggae", "pop", "disco"),
    ),
    "jazz": Style(
        feel=Feel(tempo=(90, 200), swing=0.33),
        drums=Drums(
            patterns={"ride": "x...x.x.x...x.x.", "hat": "....x.......x...", "snare": "..o....o......o."},
            heavy=0.2,
            level=0.35,
        ),
        bass=Bass(
            voices=("upright_bass",),
            rhythms=("x...x...x...x...",),
            steps=(0, 4, 7, 11, 9, 5),
            length=0.95,
            level=0.6,
        ),
        chords=Chords(
            voices=("piano", "electric_piano", "clean_guitar"),
            rhythms=("..o...x.....o...", "x.....x.........", "...o..x...o....."),
            progressions=("ii7 V7 Imaj7 vi7", "Imaj7 IVmaj7 iii7 VI7"),
            length=0.6,
            level=0.4,
        ),
        lead=Lead(voices=("saxophone", "trumpet", "piano"), scale=_MAJOR, density=0.5, level=0.5),
        sound=Sound(room=0.3, brightness=0.42, squeeze=0.9),
        neighbours=("blues", "classical"),
    ),
    "metal": Style(
        feel=Feel(tempo=(90, 180), swing=0.0),
        drums=Drums(
            patterns={
                "kick": "x.xxx.xxx.xxx.xx",
                "snare": "....x.......x...",
                "open_hat": "x...x...x...x...",
            },
            heavy=1.0,
            level=0.6,
        ),
        bass=Bass(
            voices=("picked_bass",),
            rhythms=("x.xxx.xxx.xxx.xx", "x.x.x.x.x.x.x.x."),
            steps=(0,),
            length=0.7,
            level=0.5,
        ),
        chords=Chords(
            voices=("driven_guitar",),
            rhythms=("x.xxx.xxx.xxx.xx", "xxx.xxx.xxx.xxx.", "x...x.xxx...x.xx"),
            progressions=("I5 bII5 I5 bIII5", "I5 bVI5 bVII5 I5"),
            length=0.7,
            level=0.8,
            drive=0.9,
            octave=-1,
        ),
        lead=Lead(
            voices=("driven_guitar", "singer"), scale=_PHRYGIAN, density=0.35, level=0.35, octave=1, drive=0.8
        ),
        sound=Sound(room=0.2, brightness=0.8, squeeze=3.5),
        neighbours=("rock",),
    ),
    "pop": Style(
        feel=Feel(tempo=(92, 130), swing=0.0),
        drums=Drums(
            patterns={
                "kick": "x.....o.x.......",
                "snare": "....x.......x...",
                "hat": "x.x.x.x.x.x.x.x.",
                "shaker": "xoxoxoxoxoxoxoxo",
            },
            heavy=0.6,
            level=0.55,
        ),
        bass=Bass(
            voices=("picked_bass",),
            rhythms=("x..x..x.x..x..x.", "x.......x.x....."),
            steps=(0,),
            length=0.8,
            level=0.55,
        ),
        chords=Chords(
            voices=("synth", "pad", "electric_piano", "acoustic_guitar"),
            rhythms=("x...............", "x.x.x.x.x.x.x.x.", "x..x..x...x..x.."),
            progressions=("I V vi IV", "vi IV I V"),
            length=0.8,
            level=0.5,
        ),
        lead=Lead(voices=("singer", "synth"), scale=_MAJOR, density=0.35, level=0.6),
        sound=Sound(room=0.4, brightness=0.9, squeeze=3.0),
        neighbours=("disco", "rock", "hiphop", "country"),
    ),
    "reggae": Style(
        feel=Feel(tempo=(64, 96), swing=0.08),
        drums=Drums(
            patterns={"kick": "........x.......", "snare": "........x.......", "hat": "x.x.x.x.x.x.x.xo"},
            heavy=0.5,
            level=0.5,
        ),
        bass=Bass(
            voices=("sub_bass",),
            rhythms=("x..x..x.x.......", "..x.x.x...x.x.x."),
            steps=(0, 0, 7, 4, 0),
            length=0.9,
            level=1.0,
        ),
        chords=Chords(
            voices=("clean_guitar", "organ"),
            rhythms=("....x.......x...", "..x...x...x...x.", "....x.o.....x.o."),
            progressions=("I IV I V", "i bVII i bVII"),
            length=0.25,
            level=0.55,
        ),
        lead=Lead(voices=("singer", "organ", "trumpet"), scale=_PENTATONIC, density=0.18, level=0.5),
        sound=Sound(room=0.6, brightness=0.45, squeeze=1.6),
        neighbours=("hiphop", "pop"),
    ),
    "rock": Style(
        feel=Feel(tempo=(96, 150), swing=0.0),
        drums=Drums(
            patterns={
                "kick": "x.....x.x.o.....",
                "snare": "....x.......x...",
                "hat": "x.x.x.x.x.x.x.x.",
                "open_hat": "o...............",
            },
            heavy=0.8,
            level=0.6,
        ),
        bass=Bass(
            voices=("picked_bass",),
            rhythms=("x.x.x.x.x.x.x.x.", "x.....x.x.x....."),
            steps=(0,),
            length=0.8,
            level=0.55,
        ),
        chords=Chords(
            voices=("driven_guitar", "clean_guitar"),
            rhythms=("x.x.x.x.x.x.x.x.", "x..x..x.x..x..x.", "x.......x......."),
            progressions=("I5 IV5 V5 I5", "I bVII IV I"),
            length=0.9,
            level=0.6,
            drive=0.5,
        ),
        lead=Lead(voices=("singer", "driven_guitar"), scale=_PENTATONIC, density=0.3, level=0.5, drive=0.4),
        sound=Sound(room=0.25, brightness=0.65, squeeze=2.5),
        neighbours=("metal", "blues", "country", "pop"),
    ),
}

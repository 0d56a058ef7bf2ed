"""What the sample pages say; written for Inkfolio, dedicated to the public domain (CC0)."""

LETTER_DATE = "Whitby, May 3rd 1848"

LETTER = (
    (
        "My dear Harriet,",
        "Your parcel came on Tuesday by the carrier, and nothing in it was broken but the blue "
        "saucer, which I have mended with white lead. The seeds are in the ground already; your "
        "brother says the frost will have them, but he said the same of the beans last year and "
        "we ate beans until Michaelmas.",
        "We have had wind from the north-east for nine days. Two boats are still out, and Mrs. "
        "Kettlewell sits at her window from morning until the lamps are lit.",
    ),
    (
        "I read to her when I can. She likes the newspaper best, and most of all the prices of "
        "corn & wool, though she has not sold a fleece these twenty years.",
        "You ask about the school. There are 31 children on the list and seldom more than "
        "eighteen on the benches. The new master is a Mr. Pell, thin as a rake, who plays the "
        "violin and has taught the elder boys to measure the height of the abbey with a stick "
        "and its shadow. The vicar thinks this unnecessary.",
        "Father's eyes are no better. He asks me to tell you that",
    ),
    (
        "the clock goes well since you set it, and loses four minutes in the week instead of "
        "forty.",
        "Write soon, and tell me whether the lodgings are dry. I enclose half a sovereign; do "
        "not thank me for it, but buy boots.",
        "The boats are in! I have just heard the bell. All safe.",
        "Ever your affectionate sister,",
        "Margaret Ainsley",
    ),
)

REGISTER_TITLE = "Registre des entrées, année 1874"
REGISTER_HEAD = ("N°", "Date", "Nom et prénoms", "Né à", "Métier")
REGISTER = (
    ("1", "3 janvier", "Lefèvre, Jean-Baptiste", "Rouen", "tisserand"),
    ("2", "9 janvier", "Garnier, Élise", "Évreux", "lingère"),
    ("3", "17 janvier", "Morel, Augustin", "Dieppe", "marin"),
    ("4", "2 février", "Hébert, Marie-Anne", "Le Havre", "servante"),
    ("5", "11 février", "Duval, François", "Rouen", "forgeron"),
    ("6", "28 février", "Noël, Théodore", "Yvetot", "journalier"),
    ("7", "6 mars", "Carpentier, Rose", "Fécamp", "sans"),
    ("8", "15 mars", "Vasseur, Honoré", "Bolbec", "fileur"),
    ("9", "30 mars", "Picard, Zélie", "Elbeuf", "couturière"),
    ("10", "4 avril", "Delaunay, Hippolyte", "Rouen", "menuisier"),
    ("11", "19 avril", "Leroy, Célestin", "Caudebec", "batelier"),
)

TYPED = (
    "Stadtarchiv Lindau",
    "Lindau, den 12. März 1931",
    "An die Direktion der Bodensee-Werft, Lindau",
    "Betr.: Übernahme der Baupläne 1884 bis 1910",
    "Sehr geehrte Herren!",
    "Auf Ihr Schreiben vom 27. Februar teilen wir Ihnen mit, daß die uns angebotenen Pläne, "
    "zusammen 214 Blatt in sechs Mappen, hier gern übernommen werden. Die Blätter werden einzeln "
    "gezählt, gereinigt und flach gelegt; eine Liste geht Ihnen binnen vier Wochen zu.",
    "Wir bitten jedoch zu prüfen, ob die Mappe Nr. 5 (Dampfer »Rhein«) vollständig ist. Nach dem "
    "alten Verzeichnis müßte sie 41 Blatt enthalten; gezählt wurden nur 38. Möglicherweise liegen "
    "die fehlenden Stücke noch in der Schiffsschlosserei.",
    "Für die Abholung schlagen wir Donnerstag, den 19. d. M., vormittags zwischen 9 und 11 Uhr "
    "vor. Ein Wagen steht bereit; Kosten entstehen Ihnen nicht.",
    "Mit vorzüglicher Hochachtung",
    "Dr. K. Öttinger, Archivrat",
)

STAINED = (
    "Querida madre: llegamos a Cádiz el martes, después de once días de mar. El niño está "
    "sano y come bien; pregunta cada mañana por el perro.",
    "La casa es pequeña, pero tiene un patio con dos limoneros y desde la azotea se ven los "
    "barcos. ¿Recuerda usted al señor Núñez? Vive en la misma calle y nos ha prestado una mesa, "
    "cuatro sillas y un farol.",
    "Aún no sé cuándo podré escribir otra vez. Guarde mis cartas en la caja de hojalata, lejos "
    "de la lluvia. Su hijo que la quiere, Tomás",
)

REPORT = (
    (
        "RAPPORT SUR LA DIGUE",
        (
            "La commission s'est rendue sur les lieux le 14 octobre, à la marée basse, "
            "accompagnée du garde et de deux ouvriers. Elle a suivi la digue depuis l'écluse "
            "jusqu'au moulin, sur une longueur de deux mille trois cents mètres.",
            "Le talus est en bon état dans sa partie haute. Les fascines posées l'an dernier ont "
            "tenu, et l'herbe a repris presque partout. Au pied, en revanche, la mer a creusé "
            "trois brèches, dont la plus grande mesure dix-huit mètres.",
            "Le garde attribue ces dégâts à la tempête du 2 septembre. Plusieurs habitants "
            "affirment qu'ils sont plus anciens, et que l'eau passait déjà au printemps.",
            "La commission a fait sonder le terrain en douze points. Partout l'argile se trouve à "
            "moins d'un mètre.",
        ),
        (
            "Elle propose de combler les brèches avant l'hiver, avec de la pierre tirée de la "
            "carrière communale. Le transport se ferait par bateau, ce qui coûterait moitié "
            "moins que par la route.",
            "La dépense est évaluée à 4.350 francs, savoir: pierre et transport, 2.700 francs; "
            "main-d'œuvre, 1.250 francs; surveillance et imprévus, 400 francs.",
            "Il conviendrait en outre de relever le niveau du chemin près de l'écluse, où les "
            "voitures passent dans l'eau deux fois par mois. Ce travail peut attendre l'année "
            "prochaine.",
            "La commission remercie le garde, dont le carnet, tenu jour par jour depuis onze ans, "
            "lui a été d'un grand secours.",
        ),
    ),
    (
        "RÉPONSE DU CONSEIL",
        (
            "Le conseil, après avoir entendu la lecture du rapport, l'approuve dans toutes ses "
            "parties et vote la somme demandée.",
            "Il charge le maire de traiter avec les bateliers au plus juste prix, et de commencer "
            "les travaux avant la Toussaint.",
            "M. Delmas demande si l'on ne pourrait pas employer les pierres de l'ancien four. Il "
            "lui est répondu qu'elles sont calcinées et se fendent à la gelée.",
        ),
        (
            "M. Roussel regrette que le chemin de l'écluse soit remis à plus tard. Il rappelle "
            "qu'une voiture y a versé au mois de mai, et que le médecin n'a pu passer.",
            "Le conseil décide que des piquets blancs seront plantés des deux côtés, en attendant "
            "mieux.",
            "La séance est levée à neuf heures et demie.",
        ),
    ),
)

NOTICES = (
    (
        "eng",
        "PUBLIC NOTICE",
        (
            "The Ferry at Saltmarsh will be closed from Monday the 9th until Saturday the 14th of "
            "this month, that the chain may be taken up and mended.",
            "Persons having business on the farther bank are desired to use the bridge at Hale, "
            "where no toll will be asked of them upon shewing this paper.",
            "Carts above twenty hundredweight, & all cattle, must wait. The Ferryman is not to be "
            "troubled for exceptions; he has no power to grant any.",
            "By order of the Trustees, Saltmarsh, 2d August 1827.",
        ),
    ),
    (
        "spa",
        "AVISO AL PÚBLICO",
        (
            "Se hace saber a los vecinos de esta villa que la fuente de la plaza quedará sin agua "
            "los días 6, 7 y 8 del presente mes, por la limpieza de los caños.",
            "Durante estos días podrá tomarse agua en el pozo del convento, desde el amanecer "
            "hasta las ocho de la mañana, y por la tarde desde las cinco.",
            "Ningún vecino llenará más de dos cántaros cada vez, bajo multa de cuatro reales.",
        ),
    ),
)

PHOTOGRAPHED = (
    "Grenoble, le 8 octobre 1891",
    "Mon cher Édouard,",
    "Je t'écris de la gare, sur mes genoux, avant le train de midi. La montagne est blanche depuis "
    "dimanche et le col est fermé aux voitures. Le guide prétend que nous passerons à pied, mais "
    "il le prétend chaque année.",
    "Ton oncle a vendu le pré du moulin pour 1 240 francs. Il en garde la moitié pour toi, à "
    "condition que tu viennes la chercher toi-même.",
    "Dis à Louise que j'ai trouvé ses gentianes, et qu'elles voyagent dans mon chapeau.",
    "Ton ami,",
    "Augustin Perret",
)

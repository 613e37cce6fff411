"""Countries: codes of the bookings file, and what the demo group needs to know about each."""

# ISO 3166-1 alpha-3 to alpha-2 of the codes in the file. "CN" stands for Canada there: Canada's own
# code is missing, China has "CHN", and the "CN" guests winter in the resort for a month at a time.
# "TMP" is the old code of Timor-Leste.
ISO2 = dict(
    pair.split("=")
    for pair in (
        "ABW=AW AGO=AO AIA=AI ALB=AL AND=AD ARE=AE ARG=AR ARM=AM ASM=AS ATA=AQ ATF=TF AUS=AU AUT=AT AZE=AZ"
        " BDI=BI BEL=BE BEN=BJ BFA=BF BGD=BD BGR=BG BHR=BH BHS=BS BIH=BA BLR=BY BOL=BO BRA=BR BRB=BB BWA=BW"
        " CAF=CF CHE=CH CHL=CL CHN=CN CIV=CI CMR=CM CN=CA COL=CO COM=KM CPV=CV CRI=CR CUB=CU CYM=KY CYP=CY"
        " CZE=CZ DEU=DE DJI=DJ DMA=DM DNK=DK DOM=DO DZA=DZ ECU=EC EGY=EG ESP=ES EST=EE ETH=ET FIN=FI FJI=FJ"
        " FRA=FR FRO=FO GAB=GA GBR=GB GEO=GE GGY=GG GHA=GH GIB=GI GLP=GP GNB=GW GRC=GR GTM=GT GUY=GY HKG=HK"
        " HND=HN HRV=HR HUN=HU IDN=ID IMN=IM IND=IN IRL=IE IRN=IR IRQ=IQ ISL=IS ISR=IL ITA=IT JAM=JM JEY=JE"
        " JOR=JO JPN=JP KAZ=KZ KEN=KE KHM=KH KIR=KI KNA=KN KOR=KR KWT=KW LAO=LA LBN=LB LBY=LY LCA=LC LIE=LI"
        " LKA=LK LTU=LT LUX=LU LVA=LV MAC=MO MAR=MA MCO=MC MDG=MG MDV=MV MEX=MX MKD=MK MLI=ML MLT=MT MMR=MM"
        " MNE=ME MOZ=MZ MRT=MR MUS=MU MWI=MW MYS=MY MYT=YT NAM=NA NCL=NC NGA=NG NIC=NI NLD=NL NOR=NO NPL=NP"
        " NZL=NZ OMN=OM PAK=PK PAN=PA PER=PE PHL=PH PLW=PW POL=PL PRI=PR PRT=PT PRY=PY PYF=PF QAT=QA ROU=RO"
        " RUS=RU RWA=RW SAU=SA SDN=SD SEN=SN SGP=SG SLE=SL SLV=SV SMR=SM SRB=RS STP=ST SUR=SR SVK=SK SVN=SI"
        " SWE=SE SYC=SC SYR=SY TGO=TG THA=TH TJK=TJ TMP=TL TUN=TN TUR=TR TWN=TW TZA=TZ UGA=UG UKR=UA UMI=UM"
        " URY=UY USA=US UZB=UZ VEN=VE VGB=VG VNM=VN ZAF=ZA ZMB=ZM ZWE=ZW"
    ).split()
)


def iso2(code):
    """Return the code of two letters for a code of the file, ``""`` for none.

    :raise ValueError: the file never uses this code
    """
    if not code:
        return ""
    try:
        return ISO2[code]
    except KeyError:
        raise ValueError(f"{code} is no country code of the bookings file.") from None


# Who lives in a country: culture=weight. Countries that are not listed take the last line's mix.
_CULTURES = """
PT pt=88 br=6 uk=2 ro=1 ru=1 fr=1 en=1
BR br=97 it=1 ja=1 de=1
AO MZ CV GW ST TL pt=100
GB en=88 pl=3 in=4 ro=1 ar=1 zh=1 it=1 pt=1
IE en=93 pl=5 br=2
US en=78 es=9 hy=3 zh=3 in=3 ko=1 ru=1 uk=1 pl=1
CA en=68 fr=20 uk=3 zh=4 in=3 hy=2
AU NZ en=90 zh=5 in=3 el=2
ZA ZW en=100
FR fr=86 ar=5 pt=5 hy=2 pl=1 it=1
LU fr=50 pt=30 de=20
MC fr=70 it=30
BE nl=55 fr=41 ar=2 it=2
NL nl=92 tr=4 ar=2 pl=2
CH de=60 fr=24 it=10 pt=6
AT de=92 tr=4 cs=4
DE de=85 tr=6 ru=3 pl=3 uk=1 it=1 el=1
LI de=100
ES es=94 ro=2 uk=1 ar=2 br=1
AR MX CO CL PE VE UY PY EC BO CR CU DO GT HN NI PA PR SV es=100
AD es=100
IT it=95 ro=2 uk=1 ar=1 zh=1
SM it=100
PL pl=97 uk=3
SE NO DK FI IS FO nordic=94 en=2 ar=2 pl=2
RO ro=95 hu=5
HU hu=100
CZ SK SI HR RS BA ME MK cs=100
TR tr=100
RU ru=93 uk=3 hy=4
BY KZ UZ TJ AZ GE LV EE LT ru=100
UA uk=88 ru=11 hy=1
AM hy=97 ru=3
GR CY el=96 en=2 ru=2
CN TW HK MO SG zh=100
JP ja=100
KR ko=100
IL he=78 ru=17 ar=3 uk=2
MA DZ TN EG AE SA QA KW BH OM LB JO IQ IR SY LY SD ar=100
IN LK NP BD PK MU in=100
** en=55 fr=20 es=15 pt=10
"""
CULTURES = {}
for _line in _CULTURES.split("\n")[1:-1]:
    *_codes, _mix = [part for part in _line.split(" ") if "=" not in part] + [
        [part.split("=") for part in _line.split(" ") if "=" in part]
    ]
    for _code in _codes:
        CULTURES[_code] = ([culture for culture, _w in _mix], [int(weight) for _c, weight in _mix])


def cultures(country):
    """Return ``(cultures, weights)`` of the people of a country (ISO 3166, two letters)."""
    return CULTURES.get(country, CULTURES["**"])


# Calling code, trunk prefix ("-": none), mobile number, land line; "x" stands for any digit.
PHONES = {
    line.split()[0]: (line.split()[1], line.split()[2].strip("-"), *line.split()[3:5])
    for line in """
PT 351 - 91xxxxxxx 21xxxxxxx
BR 55 0 1197xxxxxxx 113xxxxxxx
AO 244 - 923xxxxxx 2223xxxxx
GB 44 0 77200xxxxx 207946xxxx
IE 353 0 87xxxxxxx 16xxxxxx
US 1 - 212469xxxx 212469xxxx
CA 1 - 416569xxxx 416569xxxx
AU 61 0 41xxxxxxx 293xxxxxx
NZ 64 0 21xxxxxxx 93xxxxxx
FR 33 0 62xxxxxxx 14xxxxxxx
BE 32 0 47xxxxxxx 22xxxxxx
LU 352 - 6211xxxxx 2645xxxx
NL 31 0 62xxxxxxx 202xxxxxx
CH 41 0 79xxxxxxx 443xxxxxx
AT 43 0 664xxxxxxx 151xxxxx
DE 49 0 1719xxxxxx 30xxxxxxx
ES 34 - 62xxxxxxx 91xxxxxxx
MX 52 - 5539xxxxxx 5559xxxxxx
AR 54 0 91139xxxxxx 1149xxxxxx
IT 39 - 347xxxxxxx 026xxxxxxx
PL 48 - 60xxxxxxx 22xxxxxxx
SE 46 0 70xxxxxxx 8xxxxxxx
NO 47 - 41xxxxxx 22xxxxxx
DK 45 - 20xxxxxx 33xxxxxx
FI 358 0 40xxxxxxx 9xxxxxxx
RO 40 0 72xxxxxxx 21xxxxxxx
HU 36 06 20xxxxxxx 1xxxxxxx
CZ 420 - 602xxxxxx 22xxxxxxx
TR 90 0 532xxxxxxx 212xxxxxxx
RU 7 8 916xxxxxxx 495xxxxxxx
UA 380 0 67xxxxxxx 44xxxxxxx
AM 374 0 91xxxxxx 1052xxxx
GR 30 - 697xxxxxxx 210xxxxxxx
CN 86 0 138xxxxxxxx 10xxxxxxxx
TW 886 0 91xxxxxxx 22xxxxxxx
JP 81 0 903xxxxxxx 33xxxxxxx
KR 82 0 102xxxxxxx 27xxxxxxx
IL 972 0 52xxxxxxx 36xxxxxx
MA 212 0 61xxxxxxx 52xxxxxxx
IN 91 0 98xxxxxxxx 112xxxxxxx
""".strip().split("\n")
}
DEFAULT_PHONE = "PT"

CITIES = {
    line.split(" ", 1)[0]: [tuple(item.split("/")) for item in line.split(" ", 1)[1].split(", ")]
    for line in """
PT Lisboa/1250-096, Porto/4050-290, Braga/4700-320, Coimbra/3000-171, Faro/8000-138, Évora/7000-809
BR São Paulo/01310-100, Rio de Janeiro/22021-001, Curitiba/80020-310, Recife/50030-230
GB London/NW1 6XE, Manchester/M1 4BT, Leeds/LS1 4AP, Glasgow/G2 1DY, Cardiff/CF10 1EP
IE Dublin/D02 XY45, Cork/T12 W8KP, Galway/H91 E2R8
US New York/10018, Boston/02116, Glendale/91204, Chicago/60611, Miami/33139
CA Toronto/M5V 2T6, Montréal/H2Y 1C6, Vancouver/V6B 1A1
FR Paris/75011, Lyon/69002, Marseille/13006, Bordeaux/33000, Lille/59000, Toulouse/31000
BE Bruxelles/1000, Antwerpen/2000, Gent/9000, Liège/4000
NL Amsterdam/1017 AB, Utrecht/3511 LX, Rotterdam/3011 AD
CH Zürich/8001, Genève/1204, Basel/4051, Lugano/6900
AT Wien/1010, Graz/8010, Salzburg/5020
DE Berlin/10115, München/80331, Hamburg/20095, Köln/50667, Leipzig/04109
ES Madrid/28013, Barcelona/08002, Sevilla/41004, Valencia/46002, Bilbao/48001, Vigo/36201
IT Roma/00184, Milano/20121, Torino/10121, Napoli/80133, Bologna/40124
PL Warszawa/00-001, Kraków/31-042, Gdańsk/80-831
SE Stockholm/111 29, Göteborg/411 06
NO Oslo/0150, Bergen/5003
DK København/1050, Aarhus/8000
RO București/010011, Cluj-Napoca/400001
RU Москва/101000, Санкт-Петербург/190000
UA Київ/01001, Львів/79000, Одеса/65000, Харків/61000
AM Երևան/0010, Գյումրի/3101
GR Αθήνα/105 57, Θεσσαλονίκη/546 24
CN 北京/100006, 上海/200001, 广州/510030
JP 東京/100-0001, 大阪/530-0001
IL Tel Aviv/6100000, Jerusalem/9100000
""".strip().split("\n")
}
STREETS = {
    "pt": "Rua das Flores|Avenida da Liberdade|Rua do Carmo|Travessa da Boa Hora|Largo do Rato",
    "br": "Rua Augusta|Avenida Paulista|Rua das Laranjeiras",
    "en": "High Street|Church Lane|Station Road|Victoria Road|Mill Lane",
    "fr": "Rue Victor Hugo|Rue de la République|Avenue Jean Jaurès|Place du Marché",
    "es": "Calle Mayor|Calle del Carmen|Avenida de la Constitución",
    "de": "Hauptstraße|Bahnhofstraße|Gartenweg|Goethestraße",
    "it": "Via Roma|Via Garibaldi|Corso Italia",
    "nl": "Kerkstraat|Dorpsstraat|Stationsweg",
    "pl": "ulica Długa|ulica Polna|ulica Leśna",
    "ru": "улица Ленина|Садовая улица|Тверская улица",
    "uk": "вулиця Шевченка|вулиця Франка|Садова вулиця",
    "hy": "Աբովյան փողոց|Մաշտոցի պողոտա",
}
